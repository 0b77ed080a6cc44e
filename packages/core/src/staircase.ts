// The staircase. A request climbs it once, one step a line, each step with the section that asks for it; every step takes only
// what the step before has proven. What a step does is said in its own file. Nobody waits where there is nothing to wait for.
import { Attempt } from './attempts/attempt.js'
import { type ValidatedClaims, validateClaims, validateSchema } from './claims/validate-claims.js'
import { type AccessToken, Principal } from './decision.js'
import { VerificationError } from './errors.js'
import type { DpopMode, Holders, UsableProof } from './holders.js'
import { CompactJwsDecoder, type JwsHeader } from './jose/compact-jws.js'
import { looksEncrypted } from './jose/nested-jwe.js'
import { verifySignature } from './jose/signature.js'
import type { JsonObject } from './jose/strict-json.js'
import { readClaimsSet, trustIssuer } from './keys/trusted-issuer.js'
import type { OpaqueTokens } from './opaque-tokens.js'
import type { VerifierConfiguration } from './options.js'
import type { PolicyFacts } from './policy/compiled.js'
import type { BindingMethod } from './policy/facts.js'
import type { Policy } from './policy/policy.js'
import { PolicyStep } from './policy-step.js'
import { type Credential, extractCredential, findCredential, requireToken68 } from './request/extract-credential.js'
import { ObservedRequest } from './request/request-facts.js'
import type { VerifiableRequest } from './request/verifiable-request.js'
import { askOutside } from './revocation/outside-check.js'
import { requireUnrevoked } from './revocation/require-unrevoked.js'
import { MemoryTokenCache } from './state/memory-token-cache.js'
import type { Workload } from './workloads.js'

/** How a request climbs. */
export interface Climb {
  readonly policy: Policy | undefined
  /** A request without a credential passes as anonymous, whatever the options say. */
  readonly isOptional: boolean
  /** For an explanation: all steps afresh, and nothing is counted or used up. */
  readonly isExplained: boolean
}

/** Who passed, if anybody did, and up to when. */
export interface Judged {
  readonly auth: Principal<unknown> | undefined
  readonly validUntil: number
  /** A nonce for the next proof, where the client needs one. */
  readonly nonce?: string | undefined
  /** What the policy was judged by, if there is one. */
  readonly facts?: PolicyFacts
}

/** What a refused token says, for an explanation. */
export interface UnverifiedToken {
  /** `opaque`: it was its issuer who has said it, and there is no header. `none`: no token came. */
  readonly form: 'jwt' | 'opaque' | 'none'
  readonly unverifiedHeader?: JwsHeader
  readonly unverifiedClaims: JsonObject
}

/** What came beside a credential, if one did. */
interface Shown {
  readonly request: VerifiableRequest
  /** Who is at the other end of the connection, of workloads. */
  readonly workload: Workload | undefined
  readonly climb: Climb
}

/** A credential, and what came with it. */
interface Presented extends Omit<Shown, 'request'> {
  readonly credential: Credential
  /** Absent for a bare token. */
  readonly request: VerifiableRequest | undefined
}

/** The same, once its bearer is its holder. */
interface Proven extends Omit<Presented, 'credential'> {
  /** Absent for a workload without a token. */
  readonly credential?: Credential
  readonly method: BindingMethod | undefined
  readonly proof?: UsableProof | undefined
}

const anonymous: Judged = Object.freeze({ auth: undefined, validUntil: Number.POSITIVE_INFINITY })
const nothingShown: VerifiableRequest = Object.freeze({ headers: {} })
const bareToken: Climb = Object.freeze({ policy: undefined, isOptional: false, isExplained: false })

/** The steps of one verifier. */
export class Staircase {
  readonly #configuration: VerifierConfiguration
  readonly #holders: Holders
  readonly #decoder: CompactJwsDecoder
  readonly #cache: MemoryTokenCache | undefined
  readonly #policyStep: PolicyStep

  constructor(configuration: VerifierConfiguration) {
    const { maxTokenBytes, tokenCacheBytes, holders } = configuration
    this.#configuration = configuration
    this.#holders = holders
    this.#decoder = new CompactJwsDecoder(maxTokenBytes)
    this.#policyStep = new PolicyStep(configuration)
    this.#cache = tokenCacheBytes === 0 ? undefined : new MemoryTokenCache(tokenCacheBytes)
  }

  /** All of it. @throws VerificationError */
  climb(request: VerifiableRequest, climb: Climb): Judged | Promise<Judged> {
    const credential = findCredential(request, this.#configuration.places) // 1 · RFC 6750 §2
    const workload = this.#configuration.workloads?.identify(request, credential === undefined) // 1 · SPIFFE X509-SVID §5
    if (!(workload instanceof Promise)) return this.#climbWith(credential, { request, workload, climb })
    return workload.then((found) => this.#climbWith(credential, { request, workload: found, climb }))
  }

  #climbWith(credential: Credential | undefined, shown: Shown): Judged | Promise<Judged> {
    const { request, climb } = shown
    if (credential === undefined) return this.#climbWithout(shown)
    const presented = { credential, ...shown }
    const known = climb.isExplained ? undefined : this.#recall(credential.unverifiedToken) // 2 to 6
    if (known !== undefined) return this.#admit(known, presented) // 7 to 9
    const attempt = this.#attempt(credential.unverifiedToken, request, climb.isExplained)
    const proveAndAdmit = () => {
      requireToken68(credential.unverifiedToken) // 1 · RFC 6750 §2.1
      attempt?.requireAddress() // RFC 6585 §4
      const proven = this.#prove(credential.unverifiedToken, climb.isExplained, attempt) // 2 to 6
      return proven.then((token) => this.#admit(token, presented)) // 7 to 9
    }
    return attempt === undefined ? proveAndAdmit() : attempt.watch(proveAndAdmit)
  }

  /** A workload may need no token; nobody else passes without one, but as anonymous. */
  #climbWithout(shown: Shown): Judged | Promise<Judged> {
    const { optional, workloads } = this.#configuration
    const { workload, climb } = shown
    if (workload !== undefined && workloads !== undefined) {
      const facts = this.#fitSchema(workloads.tokenOf(workload)) // 2 to 6: its trust domain has vouched for it
      const admit = (token: AccessToken<unknown>) => this.#pass(token, { ...shown, method: 'mtls' }) // 8, 9
      return facts instanceof Promise ? facts.then(admit) : admit(facts)
    }
    if (climb.isOptional || (optional && climb.policy === undefined)) return anonymous // absent is fine; bad never is
    throw new VerificationError('credential_missing', 'the request carries no credential')
  }

  /** Steps 2 to 8 of a bare token. @throws VerificationError */
  climbBare(unverifiedToken: string): Judged | Promise<Judged> {
    if (typeof unverifiedToken !== 'string') throw new VerificationError('token_malformed', 'the token is not a string')
    const known = this.#recall(unverifiedToken) // 2 to 6
    if (known !== undefined) return this.#admit(known, bare(unverifiedToken)) // 7, 8
    return this.#prove(unverifiedToken, false).then((token) => this.#admit(token, bare(unverifiedToken))) // 2 to 8
  }

  /** Steps 2 to 8 of a bare token that was verified before; `undefined` where something has to be waited for. */
  recallBare(unverifiedToken: string): Principal<unknown> | undefined {
    const token = typeof unverifiedToken === 'string' ? this.#recall(unverifiedToken) : undefined
    if (token === undefined) return undefined
    const judged = this.#admit(token, bare(unverifiedToken))
    if (!(judged instanceof Promise)) return judged.auth
    judged.catch(() => {}) // whoever asks with patience next hears of it
    return undefined
  }

  /** Step 9, for somebody who has passed. @throws PolicyDenial */
  satisfy(policy: Policy, auth: Principal<unknown>, request: VerifiableRequest): Judged | Promise<Judged> {
    return this.#policyStep.judge(policy, auth, request)
  }

  /** Waits for no policy service any more. */
  close(): void {
    this.#policyStep.close()
  }

  /** The token of a refused request, to quote from. What cannot be read cannot be quoted. */
  async unverifiedOf(request: VerifiableRequest): Promise<UnverifiedToken | undefined> {
    const { places, decrypt, opaqueTokens } = this.#configuration
    try {
      const token = extractCredential(request, places)?.unverifiedToken
      if (token === undefined) return { form: 'none', unverifiedClaims: {} }
      if (opaqueTokens?.concerns(token)) return { form: 'opaque', unverifiedClaims: opaqueTokens.claimsOf(token) ?? {} }
      const jws = decrypt !== undefined && looksEncrypted(token) ? await decrypt(token) : token
      return { form: 'jwt', ...readClaimsSet(this.#decoder.decode(jws)) }
    } catch (error) {
      if (error instanceof VerificationError) return undefined
      throw error
    }
  }

  /** Steps 2 to 6 of a token seen before are one look-up. */
  #recall(unverifiedToken: string): AccessToken<unknown> | undefined {
    const { clock, opaqueTokens } = this.#configuration
    const known = this.#cache?.recall(unverifiedToken, clock())
    if (known !== undefined || opaqueTokens === undefined) return known
    return opaqueTokens.concerns(unverifiedToken) ? opaqueTokens.recall(unverifiedToken, clock()) : undefined
  }

  async #prove(
    unverifiedToken: string,
    isExplained: boolean,
    attempt?: Attempt | undefined,
  ): Promise<AccessToken<unknown>> {
    const { issuers, svidRecords, clock, decrypt, opaqueTokens } = this.#configuration
    if (opaqueTokens?.concerns(unverifiedToken))
      return this.#introspect(opaqueTokens, unverifiedToken, isExplained, attempt)
    const cache = isExplained ? undefined : this.#cache
    const jws =
      decrypt !== undefined && looksEncrypted(unverifiedToken) ? await decrypt(unverifiedToken) : unverifiedToken // RFC 7519 §5.2
    const unverified = readClaimsSet(this.#decoder.decode(jws)) // 2 · RFC 7515 §5.2, RFC 7519 §7.2
    const issuer = trustIssuer(issuers, unverified, svidRecords) // 3 · RFC 9068 §4, SPIFFE JWT-SVID §4
    attempt?.requireHolder(unverified.unverifiedClaims) // RFC 6585 §4
    const found = issuer.keys.keyFor(unverified.unverifiedHeader) // 4 · RFC 7515 §4.1.4
    const key = found instanceof Promise ? await found : found
    const verified = verifySignature(unverified, key, cache) // 5 · RFC 7515 §5.2 step 8
    attempt?.vouchFor()
    const { accessToken, validity } = validateClaims(verified, issuer.rules, clock(), key.kid) // 6 · RFC 9068 §4, RFC 7519 §4.1
    const facts = await this.#fitSchema(accessToken)
    cache?.remember(verified, key, { accessToken: facts, validity, keySet: issuer.keys })
    return facts
  }

  /** The same of a token that only its issuer can read. */
  async #introspect(
    opaqueTokens: OpaqueTokens,
    unverifiedToken: string,
    isExplained: boolean,
    attempt?: Attempt | undefined,
  ): Promise<AccessToken<unknown>> {
    const answer = await opaqueTokens.find(unverifiedToken, isExplained) // 2 to 5 · RFC 7662 §2
    attempt?.requireHolder(answer.claims) // RFC 6585 §4
    attempt?.vouchFor()
    const { accessToken, validity } = opaqueTokens.judge(answer.claims, this.#configuration.clock()) // 6 · RFC 7662 §4
    const facts = await this.#fitSchema(accessToken)
    answer.facts = { accessToken: facts, validity }
    return facts
  }

  #fitSchema(accessToken: ValidatedClaims['accessToken']): AccessToken<unknown> | Promise<AccessToken<unknown>> {
    const { schema } = this.#configuration
    if (schema === undefined) return accessToken
    return validateSchema(accessToken.claims, schema).then((claims) => ({ ...accessToken, claims }))
  }

  /**
   * Steps 7 to 9 come after every proof of a token and after every look-up alike.
   *
   * @throws VerificationError
   */
  #admit(token: AccessToken<unknown>, presented: Presented): Judged | Promise<Judged> {
    const { credential, request } = presented
    const holder = this.#holders.require(token, { credential, request, mode: this.#dpopModeOf(token) }) // 7 · RFC 7800 §3.1
    return this.#pass(token, { ...presented, method: holder?.method, proof: holder?.proof }) // 8, 9
  }

  #pass(token: AccessToken<unknown>, proven: Proven): Judged | Promise<Judged> {
    const { state, outsideChecks } = this.#configuration
    const { credential, request, climb, workload, method, proof } = proven
    requireUnrevoked(token, state) // 8
    const auth = new Principal(token, credential?.unverifiedToken ?? '', { binding: method, workload })
    const waiting = outsideChecks.length === 0 ? undefined : askOutside(outsideChecks, token) // 8
    if (waiting === undefined && proof === undefined) return this.#judgePolicy(auth, request, climb) // 9
    return this.#passLater(auth, waiting, proven)
  }

  async #passLater(
    auth: Principal<unknown>,
    waiting: Promise<void> | undefined,
    { request, climb, proof }: Proven,
  ): Promise<Judged> {
    await waiting
    await (climb.isExplained ? proof?.look() : proof?.use()) // 7 · RFC 9449 §11.1: last, so that what is refused is not used up
    return { ...(await this.#judgePolicy(auth, request, climb)), nonce: proof?.nonce } // 9
  }

  /** INVARIANT: a policy is asked wherever there is one, also where no request is shown: then what it reads there is undetermined. */
  #judgePolicy(
    auth: Principal<unknown>,
    request: VerifiableRequest | undefined,
    { policy, isExplained }: Climb,
  ): Judged | Promise<Judged> {
    if (policy === undefined) return { auth, validUntil: auth.expiresAt }
    return this.#policyStep.judge(policy, auth, request ?? nothingShown, isExplained)
  }

  #dpopModeOf({ issuer }: AccessToken<unknown>): DpopMode {
    return this.#configuration.issuers.get(issuer)?.dpop ?? 'off'
  }

  /** Who has sent too many bad tokens has to wait, but not with one that was verified here. An explanation counts nothing. */
  #attempt(unverifiedToken: string, request: VerifiableRequest, isExplained: boolean): Attempt | undefined {
    const { attemptLimit, isTrustedProxy } = this.#configuration
    if (attemptLimit === undefined || this.#wasVerified(unverifiedToken)) return undefined
    return new Attempt(attemptLimit, new ObservedRequest(request, isTrustedProxy).clientAddress, !isExplained)
  }

  /** Whether this very token was verified here, whatever became of it since. */
  #wasVerified(unverifiedToken: string): boolean {
    const { opaqueTokens } = this.#configuration
    if (opaqueTokens?.concerns(unverifiedToken)) return opaqueTokens.knows(unverifiedToken)
    try {
      return this.#cache?.knows(unverifiedToken, (text) => this.#decoder.decode(text)) ?? false
    } catch (error) {
      if (error instanceof VerificationError) return false
      throw error
    }
  }
}

function bare(unverifiedToken: string): Presented {
  return {
    credential: { unverifiedToken, scheme: 'bearer' },
    request: undefined,
    workload: undefined,
    climb: bareToken,
  }
}
