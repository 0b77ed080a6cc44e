// RFC 7515 §5.2 step 8: the one place that asks the crypto library whether a signature holds. It is synchronous: on one
// core, handing an RSA verification to another thread costs more than doing it (docs/adr/0003).
import { createHmac, timingSafeEqual, verify } from 'node:crypto'
import { VerificationError } from '../errors.js'
import { asymmetricAlgorithms, secretAlgorithms } from './algorithms.js'
import { defaultMaxTokenBytes, type UnverifiedJws } from './compact-jws.js'
import type { VerificationKey } from './jwk.js'

declare const verified: unique symbol

/** A JWS whose signature holds. Only this file says so of one. */
export interface VerifiedJws extends UnverifiedJws {
  readonly [verified]: true
}

/** Remembers what was verified before. */
export interface ProofMemory {
  /** Whether exactly these bytes were verified with exactly this key. */
  proves(jws: UnverifiedJws, key: VerificationKey): boolean
}

/**
 * Checks the signature of a JWS.
 *
 * Does not judge whether the key belongs to the issuer, nor whether the algorithm is acceptable to it: the caller chose
 * both. Does judge that the key serves the algorithm.
 *
 * @throws VerificationError `algorithm_rejected`, `signature_invalid`
 */
export function verifySignature<Jws extends UnverifiedJws>(
  jws: Jws,
  key: VerificationKey,
  proofs?: ProofMemory,
): Jws & VerifiedJws {
  const { alg } = jws.unverifiedHeader
  if (!key.algorithms.has(alg))
    throw new VerificationError('algorithm_rejected', 'the key does not serve the algorithm')
  if (!proofs?.proves(jws, key) && !signatureHolds(jws, alg, key)) {
    throw new VerificationError('signature_invalid', 'the signature does not hold')
  }
  return jws as Jws & VerifiedJws
}

function signatureHolds(jws: UnverifiedJws, alg: string, key: VerificationKey): boolean {
  const row = asymmetricAlgorithms.get(alg)
  if (row === undefined) return macHolds(jws, alg, key)
  const wantedBytes = row.signatureBytes === 'modulus' ? key.modulusBytes : row.signatureBytes
  if (jws.signature.length !== wantedBytes) return false
  const keyInput = row.parameters === undefined ? key.keyObject : { key: key.keyObject, ...row.parameters }
  return verify(row.digest, signingInput(jws), keyInput, jws.signature)
}

/** RFC 7518 §3.2. */
function macHolds(jws: UnverifiedJws, alg: string, key: VerificationKey): boolean {
  const row = secretAlgorithms.get(alg)
  if (row === undefined || jws.signature.length !== row.signatureBytes) return false
  const mac = createHmac(row.digest, key.keyObject).update(signingInput(jws)).digest()
  return timingSafeEqual(mac, jws.signature)
}

/** One buffer for all signing inputs, written and read within one call: making one for each costs a tenth of RS256. */
const scratch = Buffer.allocUnsafeSlow(defaultMaxTokenBytes)

/** INVARIANT: both segments are canonical base64url by now, so each character is one byte. */
function signingInput({ token, signedLength }: UnverifiedJws): Buffer {
  if (signedLength > scratch.length) return Buffer.from(token.slice(0, signedLength), 'latin1')
  scratch.write(token, 0, signedLength, 'latin1')
  return scratch.subarray(0, signedLength)
}
