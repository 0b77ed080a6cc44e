// RFC 7800 §3.1: a token with `cnf` is bound to a key or a certificate, and worth nothing without the proof of it. A
// presented `Bearer` credential brings none, so a bound token is refused, whatever it is bound to (RFC 9449 §7.2,
// RFC 8705 §3): nothing else could keep a stolen one out.
import { VerificationError } from '../errors.js'

/**
 * Lets a token pass that is bound to nobody.
 *
 * @param confirmation - `cnf` of the token, as it came
 * @throws VerificationError `binding_missing`
 */
export function requireUnbound(confirmation: unknown): void {
  if (confirmation === undefined) return
  throw new VerificationError('binding_missing', 'the token is bound to a holder, and no proof came with it', {
    claim: 'cnf',
  })
}
