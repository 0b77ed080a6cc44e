// Questions about a verified token that only somebody else can answer: does its subject still exist, what does the status
// list of its issuer say. Most are answered out of a cache, at once; the others are waited for. Nobody passes without one.
import type { AccessToken } from '../decision.js'

/** One such question, asked on every request. */
export interface OutsideCheck {
  /**
   * Lets a token pass that the answer is good for: at once, or once the answer is there.
   *
   * @throws VerificationError thrown or as a rejection
   */
  check(token: AccessToken<unknown>): undefined | Promise<void>
  /** Ends what is under way. */
  close(): void
}

/**
 * Asks all of them. All are asked at once: each has its own time.
 *
 * @throws VerificationError of the first that refuses; thrown or as a rejection
 */
export function askOutside(checks: readonly OutsideCheck[], token: AccessToken<unknown>): undefined | Promise<void> {
  let waiting: Promise<void>[] | undefined
  for (const each of checks) {
    const answer = each.check(token)
    if (answer !== undefined) waiting = [...(waiting ?? []), answer]
  }
  return waiting && Promise.all(waiting).then(() => undefined)
}
