// The gate. A request climbs `Verifier.verify` once, one step a line, each step with the section that asks for it; every
// step takes only what the step before has proven. What a step does is said in its own file.
import type { StandardSchemaV1 } from '@standard-schema/spec'
import { Attempt } from './attempts/attempt.js'
import { requireUnbound } from './binding/confirmation.js'
import { validateClaims, validateSchema } from './claims/validate-claims.js'
import { type AccessToken, type Decision, Principal } from './decision.js'
import { optionsFromEnvironment } from './environment.js'
import { ConfigurationError, VerificationError } from './errors.js'
import { decisionsAreWatched, publishDecision } from './events.js'
import { type Explanation, explainAllowed, explainDenied } from './explain.js'
import { CompactJwsDecoder } from './jose/compact-jws.js'
import { looksEncrypted } from './jose/nested-jwe.js'
import { verifySignature } from './jose/signature.js'
import { readClaimsSet, trustIssuer, type UnverifiedJwt } from './keys/trusted-issuer.js'
import { type EndConnection, type Judge, OpenConnections } from './open-connections.js'
import { type AuthOf, configure, type VerifierConfiguration, type VerifierOptions } from './options.js'
import { compilePolicy } from './policy/compile.js'
import type { PolicyFacts } from './policy/compiled.js'
import type { Policy } from './policy/policy.js'
import { PolicyDenial, requireSatisfied } from './policy/policy-denial.js'
import { requireKnownUses, routeParamsOf } from './policy/policy-set.js'
import { tracePolicy } from './policy/trace.js'
import { extractCredential, findCredential, requireToken68 } from './request/extract-credential.js'
import { ObservedRequest } from './request/request-facts.js'
import type { VerifiableRequest } from './request/verifiable-request.js'
import { toDenied } from './response/denial.js'
import { askOutside } from './revocation/outside-check.js'
import { requireUnrevoked } from './revocation/require-unrevoked.js'
import { MemoryTokenCache } from './state/memory-token-cache.js'
import type { Revocation, RevocationOptions } from './state/revocation.js'
import type { RevocationReceipt } from './state/state.js'

/**
 * Verifies requests and tokens against the issuers it was built with. Made by {@link createVerifier}; one for the life of
 * an application.
 *
 * @typeParam Auth - what a request that passes is known as
 */
export class Verifier<Auth = Principal> {
  readonly #configuration: VerifierConfiguration
  readonly #decoder: CompactJwsDecoder
  readonly #cache: MemoryTokenCache | undefined
  readonly #open: OpenConnections
  readonly #closables: { close(): void }[] = []
  #isClosed = false

  /** @internal use {@link createVerifier} */
  constructor(configuration: VerifierConfiguration) {
    const { issuers, maxTokenBytes, tokenCacheBytes, clock, state } = configuration
    this.#configuration = configuration
    this.#decoder = new CompactJwsDecoder(maxTokenBytes)
    this.#cache = tokenCacheBytes === 0 ? undefined : new MemoryTokenCache(tokenCacheBytes)
    this.#open = new OpenConnections(clock, state)
    for (const { keys } of [...issuers.values()].slice(0, greatestWarmUp)) void keys.warmUp() // nobody waits for it
  }

  /**
   * @internal for receivers of what the same issuers sign beside access tokens
   * @throws ConfigurationError after `close`
   */
  static configurationOf(verifier: Verifier<unknown>): VerifierConfiguration {
    verifier.#requireOpen()
    return verifier.#configuration
  }

  /** @internal ends something with a verifier */
  static closeWith(verifier: Verifier<unknown>, closable: { close(): void }): void {
    verifier.#closables.push(closable)
  }

  /**
   * Decides about one request. Never throws because of what a request holds or because an issuer is away: both are a
   * denied {@link Decision} that says what to answer.
   *
   * @param policy - what this route asks for; the `policy` of the options where it is left out
   * @param route - `optional: true` lets a request without a credential pass as anonymous here, as the option does everywhere;
   * one with a credential is judged as ever
   * @example
   * ```ts
   * const decision = await verifier.verify(request, scope('read:orders'))
   * if (!decision.allowed) return respond(decision.status, decision.headers, decision.body)
   * ```
   * @throws ConfigurationError for a policy that the policy words did not make, and after `close`
   * @see https://www.rfc-editor.org/rfc/rfc6750
   */
  async verify(request: VerifiableRequest, policy?: Policy, route?: RouteRule): Promise<Decision<Auth>> {
    return this.decide(request, policy, route)
  }

  /**
   * As {@link verify}, but answers at once where there is nothing to wait for, as with a token that was verified before. For
   * adapters: a promise costs more than that look-up does.
   *
   * @throws ConfigurationError as {@link verify}; thrown or as a rejection
   */
  decide(request: VerifiableRequest, policy?: Policy, route?: RouteRule): Decision<Auth> | Promise<Decision<Auth>> {
    const required = this.#requiredPolicy(policy)
    const isOptionalRoute = requireFlag(route?.optional)
    if (isOptionalRoute && policy !== undefined) {
      throw new ConfigurationError('a route is optional or has a policy: nobody anonymous satisfies one')
    }
    try {
      const judged = this.#judge(request, required, this.#cache, isOptionalRoute)
      if (!(judged instanceof Promise)) return this.#allow(judged.auth, judged.validUntil)
      return judged.then(
        ({ auth, validUntil }) => this.#allow(auth, validUntil),
        (error: unknown) => this.#deny(error),
      )
    } catch (error) {
      return this.#deny(error)
    }
  }

  /**
   * Verifies a bare token: steps 2 to 8 of a request, without a policy. For tokens that come some other way than HTTP.
   *
   * @throws VerificationError with the code of the refusal, or `keys_unavailable`
   * @throws ConfigurationError after `close`
   * @see https://www.rfc-editor.org/rfc/rfc9068#section-4
   */
  async verifyToken(token: string): Promise<NonNullable<Auth>> {
    this.#requireOpen()
    try {
      const found = this.#authenticate(token, this.#cache)
      const auth = found instanceof Promise ? await found : found
      await this.#askOutside(auth)
      return this.#allow(auth, auth.expiresAt).auth as NonNullable<Auth>
    } catch (error) {
      this.#deny(error)
      throw error
    }
  }

  /**
   * Answers at once who a token speaks for, if it was verified before and everything that was known of it still holds;
   * `undefined` otherwise, which says nothing about the token: ask {@link verifyToken}. For callers that cannot wait, or
   * would rather not where there is nothing to wait for.
   *
   * @throws VerificationError `binding_missing`, `token_revoked`
   * @throws ConfigurationError after `close`
   */
  recall(token: string): NonNullable<Auth> | undefined {
    this.#requireOpen()
    try {
      const known = this.#recall(token, this.#cache)
      const waiting = known === undefined ? undefined : this.#askOutside(known)
      waiting?.catch(() => {}) // whoever asks `verifyToken` next hears of it
      return known === undefined || waiting !== undefined
        ? undefined
        : (this.#allow(known, known.expiresAt).auth as NonNullable<Auth>)
    } catch (error) {
      this.#deny(error)
      throw error
    }
  }

  /**
   * Decides whether somebody who has passed {@link verify} suffices for more than that asked for, as for a guard on one
   * route behind a guard on all. The credential is not looked at again.
   *
   * @param auth - of an allowed decision of this verifier; `undefined` for anonymous, whom no policy lets pass
   * @param request - for policies that ask about it; without it they are undetermined, and so deny
   * @throws ConfigurationError for a policy that the policy words did not make, one that uses a policy which is not there, and
   * after `close`
   */
  async authorize(auth: Auth, policy: Policy, request?: VerifiableRequest): Promise<Decision<NonNullable<Auth>>> {
    const required = this.#requirePolicy(policy)
    try {
      if (!(auth instanceof Principal))
        throw new VerificationError('credential_missing', 'the request carries no credential')
      const validUntil = this.#satisfy(required, auth, request ?? nothingShown) // 9
      return { allowed: true, auth: auth as NonNullable<Auth>, validUntil }
    } catch (error) {
      return this.#deny(error)
    }
  }

  /**
   * Says why a request passes or not: every check in order, what was expected, what came, and what to do about it. Runs
   * all steps afresh. The answer may hold claim values: it is for the operator, never for the client.
   *
   * @throws ConfigurationError as {@link verify}
   */
  async explain(request: VerifiableRequest, policy?: Policy): Promise<Explanation> {
    const required = this.#requiredPolicy(policy)
    try {
      const { auth } = await this.#judge(request, required, undefined, false, true)
      const trace =
        required &&
        auth &&
        tracePolicy(compilePolicy(required), this.#policyFacts(Principal.accessTokenOf(auth), request))
      return explainAllowed(auth === undefined, trace)
    } catch (error) {
      if (!(error instanceof VerificationError)) throw error
      const { issuers, clock } = this.#configuration
      return explainDenied(error, { issuers, unverified: await this.#unverified(request), now: clock() })
    }
  }

  /**
   * The route parameters that a policy reads, with the policies it uses: for an adapter to refuse a route that has no such
   * parameter.
   *
   * @throws ConfigurationError for a policy that the policy words did not make, and one that uses a policy which is not there
   */
  routeParamsOf(policy: Policy): readonly string[] {
    this.#requirePolicy(policy)
    return routeParamsOf(policy, this.#configuration.policies?.current)
  }

  /**
   * Takes tokens back, in the {@link State} of this verifier. What is open on the strength of one of them ends.
   *
   * @example
   * ```ts
   * await verifier.revoke({ session: sid })
   * await verifier.revoke({ subject: 'ann', before: Date.now() / 1000 })
   * ```
   * @returns where it is kept by now, and where it is not yet
   * @throws ConfigurationError for what is no revocation
   * @throws VerificationError `state_unavailable`
   */
  async revoke(revocation: Revocation, options?: RevocationOptions): Promise<RevocationReceipt> {
    return this.#configuration.state.revoke(revocation, options)
  }

  /**
   * Keeps an eye on what stays open, such as a WebSocket: judges at once; again when `validUntil` of the decision has
   * come, and as soon as something that concerns it is revoked; and once a minute, for keys and policies that change.
   *
   * @param judge - decides anew about the request that opened it
   * @param end - called once, when it may not stay: with the refusal; with nothing and the error, where `judge` failed; with
   * neither, when the verifier is closed
   * @returns ends the watch, for when the connection ends by itself
   * @example
   * ```ts
   * const unwatch = verifier.watch(() => verifier.verify(request, policy), (denied) => socket.close(1008, denied?.code))
   * socket.once('close', unwatch)
   * ```
   * @throws ConfigurationError after `close`
   */
  watch(judge: Judge, end: EndConnection): () => void {
    this.#requireOpen()
    return this.#open.watch(judge, end)
  }

  /** Ends every fetch under way, and what is watched. A closed verifier lets nobody pass. */
  async close(): Promise<void> {
    this.#isClosed = true
    this.#open.close()
    for (const { keys } of this.#configuration.issuers.values()) keys.close()
    for (const each of [...this.#configuration.outsideChecks, ...this.#closables]) each.close()
    if (this.#configuration.ownsState) await this.#configuration.state.close()
  }

  /** The staircase. Nobody waits where there is nothing to wait for. */
  #judge(
    request: VerifiableRequest,
    policy: Policy | undefined,
    cache: MemoryTokenCache | undefined,
    isOptionalRoute: boolean,
    isExplained = false,
  ): Judged | Promise<Judged> {
    const { credentials, optional } = this.#configuration
    const credential = findCredential(request, credentials) // 1 · RFC 6750 §2
    if (credential === undefined) {
      if (isOptionalRoute || (optional && policy === undefined)) return anonymous // absent is fine; bad never is
      throw new VerificationError('credential_missing', 'the request carries no credential')
    }
    const token = credential.unverifiedToken
    const known = this.#recall(token, cache) // 2 to 8
    if (known !== undefined) return this.#judgeStanding(known, policy, request) // 8, 9
    const attempt = this.#attempt(token, request, isExplained)
    const prove = () => {
      requireToken68(token) // 1 · RFC 6750 §2.1
      attempt?.requireAddress() // RFC 6585 §4
      return this.#prove(token, cache, attempt) // 2 to 8
    }
    const proven = attempt === undefined ? prove() : attempt.watch(prove)
    return proven.then((auth) => this.#judgeStanding(auth, policy, request)) // 8, 9
  }

  /** Who has sent too many bad tokens has to wait, but not with one that was verified here. An explanation counts nothing. */
  #attempt(token: string, request: VerifiableRequest, isExplained: boolean): Attempt | undefined {
    const { attemptLimit, isTrustedProxy } = this.#configuration
    if (attemptLimit === undefined || this.#wasVerified(token)) return undefined
    return new Attempt(attemptLimit, new ObservedRequest(request, isTrustedProxy).clientAddress, !isExplained)
  }

  /** Whether this very token was verified here, whatever became of it since. */
  #wasVerified(token: string): boolean {
    try {
      return this.#cache?.knows(token, (text) => this.#decoder.decode(text)) ?? false
    } catch (error) {
      if (error instanceof VerificationError) return false
      throw error
    }
  }

  #judgeStanding(
    auth: Principal<unknown>,
    policy: Policy | undefined,
    request: VerifiableRequest,
  ): Judged | Promise<Judged> {
    const waiting = this.#askOutside(auth)
    if (waiting === undefined) return this.#judgePolicy(auth, policy, request)
    return waiting.then(() => this.#judgePolicy(auth, policy, request))
  }

  #askOutside(auth: Principal<unknown>): undefined | Promise<void> {
    const { outsideChecks } = this.#configuration
    return outsideChecks.length === 0 ? undefined : askOutside(outsideChecks, Principal.accessTokenOf(auth))
  }

  #judgePolicy(auth: Principal<unknown>, policy: Policy | undefined, request: VerifiableRequest): Judged {
    return { auth, validUntil: policy === undefined ? auth.expiresAt : this.#satisfy(policy, auth, request) }
  }

  /** @throws PolicyDenial */
  #satisfy(policy: Policy, auth: Principal<unknown>, request: VerifiableRequest): number {
    const facts = this.#policyFacts(Principal.accessTokenOf(auth), request)
    this.#configuration.policies?.observe?.(policy, facts)
    return Math.min(auth.expiresAt, requireSatisfied(policy, facts))
  }

  #policyFacts(token: AccessToken<unknown>, request: VerifiableRequest): PolicyFacts {
    const { clock, policies, isTrustedProxy } = this.#configuration
    const shown = new ObservedRequest(request, isTrustedProxy)
    return { token, request: shown, now: clock(), policies: policies?.current.compiled }
  }

  #authenticate(token: string, cache: MemoryTokenCache | undefined): Principal<unknown> | Promise<Principal<unknown>> {
    if (typeof token !== 'string') throw new VerificationError('token_malformed', 'the token is not a string')
    return this.#recall(token, cache) ?? this.#prove(token, cache)
  }

  /** Steps 2 to 6 of a token seen before are one look-up. */
  #recall(token: string, cache: MemoryTokenCache | undefined): Principal<unknown> | undefined {
    if (typeof token !== 'string') return undefined
    const known = cache?.recall(token, this.#configuration.clock())
    return known === undefined ? undefined : this.#toPrincipal(known, token)
  }

  async #prove(
    token: string,
    cache: MemoryTokenCache | undefined,
    attempt?: Attempt | undefined,
  ): Promise<Principal<unknown>> {
    const { issuers, clock, schema, decrypt } = this.#configuration
    const jws = decrypt !== undefined && looksEncrypted(token) ? await decrypt(token) : token // RFC 7519 §5.2
    const unverified = readClaimsSet(this.#decoder.decode(jws)) // 2 · RFC 7515 §5.2, RFC 7519 §7.2
    const issuer = trustIssuer(issuers, unverified) // 3 · RFC 9068 §4
    attempt?.requireHolder(unverified.unverifiedClaims) // RFC 6585 §4
    const found = issuer.keys.keyFor(unverified.unverifiedHeader) // 4 · RFC 7515 §4.1.4
    const key = found instanceof Promise ? await found : found
    const verified = verifySignature(unverified, key, cache) // 5 · RFC 7515 §5.2 step 8
    attempt?.vouchFor()
    const { accessToken, validity } = validateClaims(verified, issuer.rules, clock(), key.kid) // 6 · RFC 9068 §4, RFC 7519 §4.1
    const facts =
      schema === undefined ? accessToken : { ...accessToken, claims: await validateSchema(accessToken.claims, schema) }
    cache?.remember(verified, key, { accessToken: facts, validity, keySet: issuer.keys })
    return this.#toPrincipal(facts, token)
  }

  /**
   * Steps 7 and 8 come after every proof and after every look-up alike.
   *
   * @throws VerificationError `binding_missing`, `token_revoked`
   */
  #toPrincipal(accessToken: AccessToken<unknown>, token: string): Principal<unknown> {
    requireUnbound(accessToken.confirmation) // 7 · RFC 7800 §3.1
    requireUnrevoked(accessToken, this.#configuration.state) // 8
    return new Principal(accessToken, token)
  }

  /** The token of a refused request, to quote from. What cannot be read cannot be quoted. */
  async #unverified(request: VerifiableRequest): Promise<UnverifiedJwt | undefined> {
    const { credentials, decrypt } = this.#configuration
    try {
      const token = extractCredential(request, credentials)?.unverifiedToken ?? ''
      return readClaimsSet(
        this.#decoder.decode(decrypt !== undefined && looksEncrypted(token) ? await decrypt(token) : token),
      )
    } catch (error) {
      if (error instanceof VerificationError) return undefined
      throw error
    }
  }

  #allow(auth: Principal<unknown> | undefined, validUntil: number): Decision<Auth> & { readonly allowed: true } {
    if (decisionsAreWatched())
      publishDecision(auth === undefined ? { allowed: true } : { allowed: true, issuer: auth.issuer })
    return { allowed: true, auth: auth as Auth, validUntil }
  }

  /** An error of ours that is no refusal is not turned into one: it goes on to the framework, and nobody passes. */
  #deny(error: unknown): Decision<never> & { readonly allowed: false } {
    if (!(error instanceof VerificationError)) throw error
    if (decisionsAreWatched()) {
      const { code, message: reason } = error
      publishDecision({ allowed: false, code, reason, ...(error instanceof PolicyDenial && { policy: error.trace }) })
    }
    return toDenied(error, this.#configuration.realm)
  }

  #requiredPolicy(policy: Policy | undefined): Policy | undefined {
    if (policy !== undefined) return this.#requirePolicy(policy)
    this.#requireOpen()
    return this.#configuration.policy
  }

  #requirePolicy(policy: Policy): Policy {
    this.#requireOpen()
    requireKnownUses(policy, this.#configuration.policies)
    return policy
  }

  #requireOpen(): void {
    if (this.#isClosed) throw new ConfigurationError('the verifier was closed')
  }
}

/** How many issuers are asked for their keys at the start; the others when their first token comes. */
const greatestWarmUp = 16

/** A word that lets the anonymous pass is taken for nothing but itself. */
function requireFlag(optional: unknown): boolean {
  if (optional === undefined || typeof optional === 'boolean') return optional ?? false
  throw new ConfigurationError('`optional` of a route must be true or false')
}

/** Who passed, if anybody did, and up to when. */
interface Judged {
  readonly auth: Principal<unknown> | undefined
  readonly validUntil: number
}

/** What a route says beside its policy. */
export interface RouteRule {
  readonly optional?: boolean
}

const anonymous = Object.freeze({ auth: undefined, validUntil: Number.POSITIVE_INFINITY })
const nothingShown: VerifiableRequest = Object.freeze({ headers: {} })

/**
 * Builds a {@link Verifier}. Fails at once, with a sentence that says what to write, when the options do not say whom to
 * trust and who we are; never because an issuer cannot be reached.
 *
 * Without an argument it reads `SALLYPORT_ISSUER` and `SALLYPORT_AUDIENCE`; without `state`, `SALLYPORT_REDIS_URL`.
 *
 * @example
 * ```ts
 * const verifier = createVerifier({ issuer: 'https://idp.example.com', audience: 'https://api.example.com' })
 * ```
 * @throws ConfigurationError
 */
export function createVerifier<
  const Schema extends StandardSchemaV1 | undefined = undefined,
  const Optional extends boolean = false,
>(options?: VerifierOptions<Schema, Optional>): Verifier<AuthOf<Schema, Optional>> {
  return new Verifier(configure(options ?? optionsFromEnvironment(process.env), process.env))
}
