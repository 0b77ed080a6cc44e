// RFC 7800 §3.1: a token with `cnf` is bound to a key or a certificate, and worth nothing without the proof of it. A binding
// that cannot be checked is not met: nothing else could keep a stolen token out.
import { VerificationError } from '../errors.js'
import type { JsonObject } from '../jose/strict-json.js'

/** What a token is bound to: a key, a certificate, or both, and then both must be proven. */
export interface Confirmation {
  /** Thumbprint of the key of the proof (RFC 9449 §6.1). */
  readonly jkt: string | undefined
  /** `x5t#S256`: digest of the certificate of the connection (RFC 8705 §3.1). */
  readonly certificate: string | undefined
}

/** SHA-256 in base64url. */
const digest = /^[A-Za-z0-9_-]{43}$/

/**
 * Reads what a token is bound to. Members of `cnf` beside those known here are ignored, as long as one is known.
 *
 * @param cnf - as it came; not `undefined`
 * @throws VerificationError `binding_missing`
 */
export function readConfirmation(cnf: unknown): Confirmation {
  if (typeof cnf !== 'object' || cnf === null || Array.isArray(cnf)) throw unchecked('`cnf` is not an object')
  const { jkt, 'x5t#S256': certificate } = cnf as JsonObject
  for (const value of [jkt, certificate])
    if (value !== undefined && (typeof value !== 'string' || !digest.test(value)))
      throw unchecked('a member of `cnf` is not a digest in base64url')
  if (jkt === undefined && certificate === undefined)
    throw unchecked('the token is bound to a holder in a way that is not known here')
  return { jkt: jkt as string | undefined, certificate: certificate as string | undefined }
}

function unchecked(message: string): VerificationError {
  return new VerificationError('binding_missing', message, { claim: 'cnf' })
}
