// A document of policies with a signed head: whose it is, which revision, and the digest of the text. Where the two are kept
// is nobody's concern here, and nothing of them is believed before the signature holds. Whether a revision is newer than the
// one in force is left to `shared-policies.ts`, and whether the text is any good to `load-policies.ts`.
import { VerificationError } from '../../errors.js'
import { CompactJwsDecoder, type UnverifiedJws } from '../../jose/compact-jws.js'
import type { VerificationKey } from '../../jose/jwk.js'
import { sha256 } from '../../jose/sha256.js'
import { type SigningKey, signCompactJws } from '../../jose/sign-compact-jws.js'
import { type VerifiedJws, verifySignature } from '../../jose/signature.js'
import { type JsonObject, parseJsonObject } from '../../jose/strict-json.js'
import type { PolicyDocument } from '../../state/policy-documents.js'
import { greatestBytes } from '../document/document-source.js'

/** What a head says. */
export interface PolicyHead {
  /** The name that a fleet shares the policies under: signed, so that the document of one name is never that of another. */
  readonly name: string
  /** Grows with every document of this name. */
  readonly revision: number
  /** Of the text, in hexadecimal digits. */
  readonly sha256: string
  /** Not to be in force before, in seconds since the epoch; 0 where nothing was said. */
  readonly notBefore: number
}

/** What was published is not to be believed. The message says why, and quotes nothing. */
export class UntrustedPoliciesError extends Error {
  override readonly name = 'UntrustedPoliciesError'
}

/** RFC 8725 §3.11: nothing else that the key signs is ever taken for a head. */
const headType = 'sallyport-policies+jws'
const greatestHeadBytes = 4_096

/** Signs a document. The same document under the same revision is the same to the last character. */
export function signPolicies(text: string, head: Omit<PolicyHead, 'sha256'>, key: SigningKey): PolicyDocument {
  const { name, revision, notBefore } = head
  const said = { name, revision, sha256: sha256(text), ...(notBefore > 0 && { notBefore }) }
  return { head: signCompactJws(headType, said, key), text }
}

/**
 * Verifies a head, under one of some keys and for one name.
 *
 * Does not look at the text, at the time, or at which revision is in force.
 *
 * @throws UntrustedPoliciesError
 */
export function verifyHead(head: string, name: string, keys: readonly VerificationKey[]): PolicyHead {
  const jws = decodeHead(head)
  const verified = firstVerified(jws, keys)
  if (verified === undefined) throw new UntrustedPoliciesError('its signature is of none of the trusted keys')
  const said = readHead(verified.unverifiedPayload)
  if (said.name !== name) throw new UntrustedPoliciesError('it was published under another name')
  return said
}

/**
 * Verifies that a text is the one that a verified head is about.
 *
 * @throws UntrustedPoliciesError
 */
export function verifyText(text: string, head: PolicyHead): void {
  if (Buffer.byteLength(text) > greatestBytes) throw new UntrustedPoliciesError('its text is too large')
  if (sha256(text) !== head.sha256) throw new UntrustedPoliciesError('its text is not the one that was signed')
}

function decodeHead(head: string): UnverifiedJws {
  try {
    const jws = new CompactJwsDecoder(greatestHeadBytes).decode(head)
    if (jws.unverifiedHeader.typ === headType) return jws // whether `alg` goes with the key, the signature shows
  } catch (cause) {
    throw new UntrustedPoliciesError('its head is no signed head', { cause })
  }
  throw new UntrustedPoliciesError('its head is of another type')
}

function firstVerified(jws: UnverifiedJws, keys: readonly VerificationKey[]): VerifiedJws | undefined {
  for (const key of keys) {
    try {
      return verifySignature(jws, key)
    } catch (error) {
      if (!(error instanceof VerificationError)) throw error // of this key it is not: perhaps of the next
    }
  }
  return undefined
}

/** A member that is not understood might say that the head is not for us: it is refused, never ignored. */
function readHead(payload: Buffer): PolicyHead {
  let said: JsonObject
  try {
    said = parseJsonObject(payload)
  } catch (cause) {
    throw new UntrustedPoliciesError('its head is no JSON object', { cause })
  }
  const { name, revision, sha256: digest, notBefore = 0, ...others } = said
  const isHead = typeof name === 'string' && isRevision(revision) && typeof digest === 'string' && isTime(notBefore)
  if (!isHead || Object.keys(others).length > 0)
    throw new UntrustedPoliciesError('its head does not say what a head says')
  return { name, revision, sha256: digest, notBefore }
}

/** A whole number from 1. */
export function isRevision(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 1
}

const endOfTime = 253_402_300_800 // the year 10000; milliseconds given for seconds lie beyond

/** Seconds since the epoch. */
export function isTime(value: unknown): value is number {
  return typeof value === 'number' && value >= 0 && value < endOfTime
}
