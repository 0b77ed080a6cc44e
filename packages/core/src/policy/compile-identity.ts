// Who a token speaks for, and who acts for whom.
import { claimAt, clientClaims } from '../claims/claim-path.js'
import type { TokenFacts } from './facts.js'
import { own } from './own-claim.js'
import { isFalse, isTrue, isUndetermined, type Verdict } from './verdict.js'

/** RFC 8693 §4.1: an actor is an object, and may have an actor of its own. */
export function compareDepth(act: unknown, greatest: number): Verdict {
  let depth = 0
  for (
    let actor = act ?? undefined;
    actor !== undefined;
    actor = claimAt(actor as object as Record<string, unknown>, ['act']) ?? undefined
  ) {
    if (typeof actor !== 'object' || Array.isArray(actor)) return isUndetermined
    depth += 1
    if (depth > greatest) return isFalse
  }
  return isTrue
}

/** The client, by whatever names the issuer has for it, if they all say the same. */
export function clientOf({ issuedClaims }: TokenFacts): unknown {
  const found = clientClaims
    .map((name) => own(issuedClaims, name))
    .filter((value) => value !== undefined && value !== null)
  return found.every((value) => value === found[0]) ? found[0] : undefined
}
