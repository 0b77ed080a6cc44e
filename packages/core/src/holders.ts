// Step 7, put together: whether whoever presents a token is the one it was given to (RFC 7800 §3.1). What a proof says is judged
// in `binding/`; under which names the request may have been sent, in `request/`; whether the proof was used before, by the state.
import { LRUCache } from 'lru-cache'
import type { AddressRanges } from './addresses.js'
import { type CertificatePlace, clientCertificate } from './binding/client-certificate.js'
import { readConfirmation } from './binding/confirmation.js'
import { type DpopProof, DpopProofs, type ProofRules } from './binding/dpop-proof.js'
import { normalizeTargetUri } from './binding/target-uri.js'
import type { Clock } from './clock.js'
import type { AccessToken } from './decision.js'
import { VerificationError } from './errors.js'
import { sha256Base64Url } from './jose/sha256.js'
import type { BindingMethod } from './policy/facts.js'
import type { Credential } from './request/extract-credential.js'
import { type PublicOrigins, publicUris } from './request/public-url.js'
import { headerValues, identityOf, type VerifiableRequest } from './request/verifiable-request.js'
import type { ReplayGuard } from './state/replay-guard.js'

/** Whether proofs are asked for with the tokens of an issuer. */
export type DpopMode = 'required' | 'supported' | 'off'

/** What proofs are judged by. */
export interface ProofSettings {
  readonly proofs: ProofRules
  readonly publicOrigins: PublicOrigins
  readonly isTrustedProxy: AddressRanges | undefined
}

/** What holders are judged by. */
export interface HolderRules {
  /** Absent where nobody has said for which URL proofs are made: then a token that is bound to a key is refused. */
  readonly proofs: ProofSettings | undefined
  /** Absent where no certificate is looked at: then a token that is bound to one is refused. */
  readonly certificates: CertificatePlace | undefined
  readonly replays: ReplayGuard
  readonly clock: Clock
}

/** A token as it was presented. */
export interface Presentation {
  readonly credential: Credential
  /** Absent for a bare token, with which nothing can come. */
  readonly request: VerifiableRequest | undefined
  /** Of the issuer of the token. */
  readonly mode: DpopMode
}

/** A proof that one request has used up, or is about to. */
interface UsedProof {
  /** The token and the proof. */
  readonly use: string
  readonly isFirst: Promise<boolean>
}

/** Whoever presents a token has proven to be its holder. */
export interface ProvenHolder {
  readonly method: BindingMethod
  /** A proof that has to be used up; absent for a certificate, which proves again and again. */
  readonly proof: UsableProof | undefined
}

/** A proof that holds, unless it was used before. */
export interface UsableProof {
  /** A nonce for the next proof, where the client needs one. */
  readonly nonce: string | undefined
  /**
   * Uses the proof up; after every other check of the token.
   *
   * @throws VerificationError `proof_replayed`, `state_unavailable`
   */
  use(): Promise<void>
  /**
   * As `use`, but only looks: a proof that was refused here because it was used before is refused again.
   *
   * @throws VerificationError `proof_replayed`
   */
  look(): void
}

const rememberedReplays = 1_000

/** Judges holders. */
export class Holders {
  readonly #rules: HolderRules
  readonly #proofs: DpopProofs | undefined
  /** Proofs that were refused because they were used before, for whoever wants it explained. */
  readonly #replayed = new LRUCache<string, true>({ max: rememberedReplays })
  /** By what stands for a request: one that is judged again, as what it opened is still open, needs no other proof. */
  readonly #used = new WeakMap<object, UsedProof>()

  constructor(rules: HolderRules) {
    this.#rules = rules
    this.#proofs = rules.proofs && new DpopProofs(rules.proofs.proofs)
  }

  /** A nonce for whoever was refused for the want of one. */
  get nonce(): string | undefined {
    return this.#rules.proofs?.proofs.nonces?.make(this.#rules.clock())
  }

  /**
   * Lets the holder of a token pass.
   *
   * @returns `undefined` for a token that is bound to nobody, where that is enough
   * @throws VerificationError `binding_missing`, `binding_mismatch`, `proof_invalid`, `proof_nonce_required`
   */
  require({ confirmation }: AccessToken<unknown>, presentation: Presentation): ProvenHolder | undefined {
    const { credential, mode } = presentation
    if (confirmation === undefined) {
      if (mode === 'required') throw missing('the issuer binds its tokens, and this one is bound to nobody')
      if (credential.scheme === 'dpop') throw missing('the token is bound to nobody, and came as one that is')
      return undefined
    }
    const { jkt, certificate } = readConfirmation(confirmation)
    if (certificate !== undefined) this.#requireCertificate(certificate, presentation) // both, where it is bound to both
    if (jkt !== undefined) return { method: 'dpop', proof: this.#prove(jkt, presentation) }
    if (mode === 'required')
      throw missing('the issuer binds its tokens to keys, and this one is bound to a certificate')
    if (credential.scheme === 'dpop') throw missing('the token is bound to no key, and came as one that is')
    return { method: 'mtls', proof: undefined }
  }

  /** RFC 8705 §3. @throws VerificationError `binding_missing`, `binding_mismatch` */
  #requireCertificate(certificate: string, { request }: Presentation): void {
    const { certificates } = this.#rules
    if (certificates === undefined || request === undefined)
      throw missing('the token is bound to a certificate, and none is looked at here')
    const shown = clientCertificate(request, certificates)
    if (shown === undefined) throw missing('the token is bound to a certificate, and the connection shows none')
    if (shown === certificate) return
    const message = 'the certificate of the connection is not the one that the token is bound to'
    throw new VerificationError('binding_mismatch', message, { claim: 'cnf' })
  }

  #prove(jkt: string, { credential, request, mode }: Presentation): UsableProof {
    const { clock, replays, proofs: settings } = this.#rules
    const proofs = this.#proofs
    if (settings === undefined || proofs === undefined || request === undefined || mode === 'off')
      throw missing('the token is bound to a key, and no proof is looked at here')
    // RFC 9449 §7.2: also where a proof lies beside it.
    if (credential.scheme !== 'dpop') throw missing('the token is bound to a key, and came as one that is not')
    const { isTrustedProxy, publicOrigins } = settings
    const uris = publicUris(request, publicOrigins, isTrustedProxy).map(normalizeTargetUri)
    const target = {
      method: request.method,
      uris: uris.filter((uri) => uri !== undefined),
      tokenHash: sha256Base64Url(credential.unverifiedToken),
      jkt,
    }
    const lines = headerValues(request, 'dpop')
    const identity = identityOf(request)
    const use = JSON.stringify([credential.unverifiedToken, ...lines]) // the token and the proof, to the last byte
    const proof = proofs.check(lines, target, clock(), this.#usedFor(identity, use) !== undefined)
    const name = nameOf(jkt, proof)
    return {
      nonce: proof.needsNonce ? this.nonce : undefined,
      use: async () => {
        const isFirst = this.#usedFor(identity, use) ?? this.#remember(identity, use, useOnce(replays, jkt, proof))
        if (await isFirst) return
        this.#replayed.set(name, true)
        throw replayed()
      },
      look: () => {
        if (this.#replayed.has(name)) throw replayed()
      },
    }
  }

  #usedFor(identity: object | undefined, use: string): Promise<boolean> | undefined {
    const used = identity && this.#used.get(identity)
    return used?.use === use ? used.isFirst : undefined
  }

  /** Where nobody can tell whether it was used, it is asked again the next time. */
  #remember(identity: object | undefined, use: string, isFirst: Promise<boolean>): Promise<boolean> {
    if (identity === undefined) return isFirst
    this.#used.set(identity, { use, isFirst })
    isFirst.catch(() => this.#used.delete(identity))
    return isFirst
  }
}

/** RFC 9449 §11.1: once for each URI. Of the key, so that nobody uses up what another has made. */
function useOnce(replays: ReplayGuard, jkt: string, { jti, uri, notAfter }: DpopProof): Promise<boolean> {
  return replays.useOnce({ kind: 'dpop', by: jkt, at: uri, id: jti }, notAfter)
}

function nameOf(jkt: string, { jti, uri }: DpopProof): string {
  return JSON.stringify([jkt, uri, jti])
}

function replayed(): VerificationError {
  return new VerificationError('proof_replayed', 'the proof was used before')
}

function missing(message: string): VerificationError {
  return new VerificationError('binding_missing', message, { claim: 'cnf' })
}
