// A token that is genuine and in time may have been taken back since: by itself, with its session, with everything that its
// subject, its client or its issuer had until then. Asked on every request, also for a token that was verified before.
import { VerificationError } from '../errors.js'
import type { TokenFacts } from '../policy/facts.js'
import type { State } from '../state/state.js'

/**
 * Lets a token pass that nobody took back.
 *
 * @throws VerificationError `token_revoked`
 */
export function requireUnrevoked(token: TokenFacts, state: State): void {
  if (state.isRevoked(token)) throw new VerificationError('token_revoked', 'the token was revoked')
}
