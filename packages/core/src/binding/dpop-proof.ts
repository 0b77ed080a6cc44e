// RFC 9449 §4.3: a proof that whoever sends a request holds a key. The twelve checks have the numbers of the RFC. Their order is
// that of their price: form and claims first, the signature last; and whether the proof was used before is asked after all of
// them by the caller, so that a refused proof is never used up.
import { VerificationError } from '../errors.js'
import { CompactJwsDecoder, type JwsHeader, type UnverifiedJws } from '../jose/compact-jws.js'
import { importPublicKey, UnusableKeyError, type VerificationKey } from '../jose/jwk.js'
import { verifySignature } from '../jose/signature.js'
import { type JsonObject, parseJsonObject } from '../jose/strict-json.js'
import { jwkThumbprint } from '../jose/thumbprint.js'
import type { ProofNonces } from './proof-nonces.js'
import { normalizeTargetUri } from './target-uri.js'

/** What is asked of every proof. */
export interface ProofRules {
  /** Asymmetric ones. */
  readonly algorithms: ReadonlySet<string>
  /** How old a proof may be, where it carries no nonce of ours. */
  readonly maxAgeSeconds: number
  /** How far the clock of a client may be off. */
  readonly clockToleranceSeconds: number
  /** Where nonces are handed out, every proof must carry one. */
  readonly nonces: ProofNonces | undefined
}

/** The request that a proof must be made for. */
export interface ProofTarget {
  readonly method: string | undefined
  /** The URI of the request, normalised, under every name that we have. */
  readonly uris: readonly string[]
  /** SHA-256 of the token, in base64url. */
  readonly tokenHash: string
  /** The key that the token is bound to. */
  readonly jkt: string
}

/** A proof that holds, unless it was used before. */
export interface DpopProof {
  readonly jti: string
  /** Of the request, normalised. */
  readonly uri: string
  /** When it is too old, in seconds since the epoch, tolerance included. */
  readonly notAfter: number
  /** Whether the client needs another nonce soon. */
  readonly needsNonce: boolean
}

/** With a key and a signature of ML-DSA-87 it is 11.3 kB (RFC 9964). */
const greatestProofBytes = 12_288
const greatestJti = 512 // characters (§11.1)

interface HolderKey {
  readonly key: VerificationKey
  readonly jkt: string
}

/** Checks proofs. */
export class DpopProofs {
  readonly #rules: ProofRules
  readonly #decoder = new CompactJwsDecoder(greatestProofBytes)
  /** By the header, which the decoder makes once for all proofs of one key. */
  readonly #keys = new WeakMap<JwsHeader, HolderKey>()

  constructor(rules: ProofRules) {
    this.#rules = rules
  }

  /**
   * Checks the proof of a request.
   *
   * @param lines - every `DPoP` header line
   * @param now - seconds since the epoch
   * @param isRejudged - this very request was judged before: the age of its proof was, then
   * @throws VerificationError `proof_invalid`, `proof_nonce_required`, `binding_mismatch`
   */
  check(lines: readonly string[], target: ProofTarget, now: number, isRejudged = false): DpopProof {
    const jws = this.#decode(lines) // 1, 2
    const header = jws.unverifiedHeader
    if (header.typ !== 'dpop+jwt') throw invalid('`typ` of the proof is not `dpop+jwt`') // 4
    if (!this.#rules.algorithms.has(header.alg)) throw invalid('the algorithm of the proof is not accepted') // 5
    const { key, jkt } = this.#keyOf(header) // 7
    const { jti, htm, htu, claims } = readClaims(jws) // 2, 3
    if (htm !== target.method) throw invalid('`htm` of the proof is not the method of the request') // 8
    const uri = normalizeTargetUri(htu)
    if (uri === undefined || !target.uris.includes(uri)) throw invalid('`htu` of the proof is not where it was sent') // 9
    if (claims['ath'] !== target.tokenHash) throw invalid('`ath` of the proof is not the hash of the token') // 12
    if (jkt !== target.jkt) throw mismatch() // 12
    const { notAfter, needsNonce } = isRejudged ? judgedBefore : this.#judgeTime(claims, now) // 10, 11
    this.#requireSignature(jws, key) // 6
    return { jti, uri, notAfter, needsNonce }
  }

  #decode(lines: readonly string[]): UnverifiedJws {
    const [line, ...more] = lines
    if (line === undefined) throw invalid('the request carries no proof')
    // Node joins several lines with a comma, which no proof holds.
    if (more.length > 0 || line.includes(',')) throw invalid('the request carries more than one proof')
    try {
      return this.#decoder.decode(line)
    } catch (cause) {
      throw invalid('the proof is not a JWT', cause)
    }
  }

  #keyOf(header: JwsHeader): HolderKey {
    const known = this.#keys.get(header)
    if (known !== undefined) return known
    const holder = importHolderKey(header['jwk'])
    this.#keys.set(header, holder)
    return holder
  }

  #judgeTime(claims: JsonObject, now: number): Pick<DpopProof, 'notAfter' | 'needsNonce'> {
    const { maxAgeSeconds, clockToleranceSeconds: tolerance, nonces } = this.#rules
    const { nonce, iat, exp, nbf } = claims as { readonly [name: string]: unknown; readonly iat: number }
    // INVARIANT: each comparison is one that a good proof makes true, so a clock that answers NaN lets nobody pass.
    if (exp !== undefined && !(typeof exp === 'number' && now < exp + tolerance)) throw invalid('the proof has expired')
    if (nbf !== undefined && !(typeof nbf === 'number' && now >= nbf - tolerance))
      throw invalid('the proof is not active yet')
    if (nonces === undefined) {
      if (!(now >= iat - tolerance)) throw invalid('the proof was made in the future')
      const notAfter = iat + maxAgeSeconds + tolerance
      if (!(now < notAfter)) throw invalid('the proof is too old')
      return { notAfter, needsNonce: false }
    }
    const end = typeof nonce === 'string' ? nonces.endOf(nonce, now) : undefined
    if (end === undefined)
      throw new VerificationError('proof_nonce_required', 'the proof carries no nonce of ours, or an old one')
    return { notAfter: end, needsNonce: nonces.isOld(end, now) }
  }

  #requireSignature(jws: UnverifiedJws, key: VerificationKey): void {
    try {
      verifySignature(jws, key)
    } catch (cause) {
      throw invalid('the signature of the proof does not hold', cause)
    }
  }
}

/** Of a request that is judged again. */
const judgedBefore = { notAfter: Number.POSITIVE_INFINITY, needsNonce: false }

const privateMembers = ['d', 'p', 'q', 'dp', 'dq', 'qi', 'oth', 'k', 'priv'] as const

function importHolderKey(jwk: unknown): HolderKey {
  if (typeof jwk !== 'object' || jwk === null || Array.isArray(jwk)) throw invalid('the proof brings no key')
  const members = jwk as JsonObject
  if (privateMembers.some((name) => members[name] !== undefined))
    throw invalid('the proof brings a key that is not public')
  try {
    return { key: importPublicKey(members), jkt: jwkThumbprint(members) }
  } catch (cause) {
    if (cause instanceof UnusableKeyError) throw invalid(`the key of the proof can't be used: ${cause.message}`, cause)
    throw cause
  }
}

interface ProofClaims {
  readonly jti: string
  readonly htm: string
  readonly htu: string
  readonly claims: JsonObject
}

/** §4.2. `nonce`, `exp` and `nbf` are looked at later. */
function readClaims({ unverifiedPayload }: UnverifiedJws): ProofClaims {
  let claims: JsonObject
  try {
    claims = parseJsonObject(unverifiedPayload)
  } catch (cause) {
    throw invalid('the claims of the proof are not one strict JSON object', cause)
  }
  const { jti, htm, htu, iat } = claims
  if (typeof jti !== 'string' || jti === '' || jti.length > greatestJti)
    throw invalid('`jti` of the proof is not a string of bounded length')
  if (typeof htm !== 'string') throw invalid('`htm` of the proof is not a string')
  if (typeof htu !== 'string') throw invalid('`htu` of the proof is not a string')
  if (typeof iat !== 'number') throw invalid('`iat` of the proof is not a number')
  return { jti, htm, htu, claims }
}

function invalid(message: string, cause?: unknown): VerificationError {
  return new VerificationError('proof_invalid', message, { cause })
}

function mismatch(): VerificationError {
  return new VerificationError('binding_mismatch', 'the key of the proof is not the one that the token is bound to', {
    claim: 'cnf',
  })
}
