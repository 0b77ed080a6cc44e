// The gate: what an application calls. A request climbs the steps of `staircase.ts`; here its end becomes a decision, an event,
// an explanation.
import type { StandardSchemaV1 } from '@standard-schema/spec'
import { type Decision, Principal } from './decision.js'
import { optionsFromEnvironment } from './environment.js'
import { ConfigurationError, VerificationError } from './errors.js'
import { decisionsAreWatched, publishDecision } from './events.js'
import { type Explanation, explainAllowed, explainDenied } from './explain.js'
import { type EndConnection, type Judge, OpenConnections } from './open-connections.js'
import { configure, type VerifierConfiguration } from './options.js'
import { compilePolicy } from './policy/compile.js'
import type { Policy } from './policy/policy.js'
import { PolicyDenial } from './policy/policy-denial.js'
import { requireKnownUses, routeParamsOf } from './policy/policy-set.js'
import { tracePolicy } from './policy/trace.js'
import { presentedSchemes, type Scheme } from './request/extract-credential.js'
import type { VerifiableRequest } from './request/verifiable-request.js'
import type { ResourceMetadata } from './resource-metadata.js'
import { nonceHeaders, toDenied } from './response/denial.js'
import { type Judged, Staircase } from './staircase.js'
import type { Revocation, RevocationOptions } from './state/revocation.js'
import type { RevocationReceipt } from './state/state.js'
import type { AuthOf, VerifierOptions } from './verifier-options.js'

/**
 * Verifies requests and tokens against the issuers it was built with. Made by {@link createVerifier}; one for the life of
 * an application.
 *
 * @typeParam Auth - what a request that passes is known as
 */
export class Verifier<Auth = Principal> {
  readonly #configuration: VerifierConfiguration
  readonly #staircase: Staircase
  readonly #open: OpenConnections
  readonly #closables: { close(): void }[] = []
  #isClosed = false

  /** @internal use {@link createVerifier} */
  constructor(configuration: VerifierConfiguration) {
    const { keySets, clock, state } = configuration
    this.#configuration = configuration
    this.#staircase = new Staircase(configuration)
    this.#open = new OpenConnections(clock, state)
    for (const keys of keySets.slice(0, greatestWarmUp)) void keys.warmUp() // nobody waits for it
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
   * @param route - what else is said here, see {@link RouteRule}
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
    const isOptional = requireFlag(route?.optional)
    if (isOptional && policy !== undefined) {
      throw new ConfigurationError('a route is optional or has a policy: nobody anonymous satisfies one')
    }
    try {
      const judged = this.#staircase.climb(request, { policy: required, isOptional, isExplained: false })
      if (!(judged instanceof Promise)) return this.#allow(judged)
      return judged.then(
        (passed) => this.#allow(passed),
        (error: unknown) => this.#deny(error, presentedSchemes(request)),
      )
    } catch (error) {
      return this.#deny(error, presentedSchemes(request))
    }
  }

  /**
   * Verifies a bare token: steps 2 to 8 of a request, without a policy. For tokens that come some other way than HTTP. One that
   * is bound to a holder is refused: nothing came with it that could prove who holds it.
   *
   * @throws VerificationError with the code of the refusal, or `keys_unavailable`
   * @throws ConfigurationError after `close`
   * @see https://www.rfc-editor.org/rfc/rfc9068#section-4
   */
  async verifyToken(token: string): Promise<NonNullable<Auth>> {
    this.#requireOpen()
    try {
      const judged = this.#staircase.climbBare(token)
      return this.#allow(judged instanceof Promise ? await judged : judged).auth as NonNullable<Auth>
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
      const auth = this.#staircase.recallBare(token)
      if (auth === undefined) return undefined
      return this.#allow({ auth, validUntil: auth.expiresAt }).auth as NonNullable<Auth>
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
      const { validUntil } = await this.#staircase.satisfy(required, auth, request ?? nothingShown) // 9
      return { allowed: true, auth: auth as NonNullable<Auth>, validUntil }
    } catch (error) {
      return this.#deny(error, auth instanceof Principal ? [auth.binding === 'dpop' ? 'dpop' : 'bearer'] : [])
    }
  }

  /**
   * Says why a request passes or not: every check in order, what was expected, what came, and what to do about it. Runs
   * all steps afresh, counts nothing and uses nothing up. The answer may hold claim values: it is for the operator, never for
   * the client.
   *
   * @throws ConfigurationError as {@link verify}
   */
  async explain(request: VerifiableRequest, policy?: Policy): Promise<Explanation> {
    const required = this.#requiredPolicy(policy)
    const hasWorkloads = this.#configuration.workloads !== undefined
    try {
      const climb = { policy: required, isOptional: false, isExplained: true }
      const { auth, facts } = await this.#staircase.climb(request, climb)
      const trace = required && facts && tracePolicy(compilePolicy(required), facts)
      const { form = 'jwt' } = (await this.#staircase.unverifiedOf(request)) ?? {}
      const isAnonymous = auth === undefined
      return explainAllowed(isAnonymous, trace, { form: isAnonymous ? 'jwt' : form, hasWorkloads })
    } catch (error) {
      if (!(error instanceof VerificationError)) throw error
      const { issuers, svidRecords, clock } = this.#configuration
      const unverified = await this.#staircase.unverifiedOf(request)
      return explainDenied(error, { issuers, svidRecords, hasWorkloads, unverified, now: clock() })
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

  /** What this API says of itself (RFC 9728), for an adapter to serve; `undefined` where `resource` of the options does not say it. */
  get resourceMetadata(): ResourceMetadata | undefined {
    return this.#configuration.resourceMetadata
  }

  /** Ends every fetch under way, and what is watched. A closed verifier lets nobody pass. */
  async close(): Promise<void> {
    this.#isClosed = true
    this.#open.close()
    this.#staircase.close()
    for (const keys of this.#configuration.keySets) keys.close()
    this.#configuration.opaqueTokens?.close()
    for (const each of [...this.#configuration.outsideChecks, ...this.#closables]) each.close()
    if (this.#configuration.ownsState) await this.#configuration.state.close()
  }

  #allow({ auth, validUntil, nonce }: Judged): Decision<Auth> & { readonly allowed: true } {
    if (decisionsAreWatched())
      publishDecision(auth === undefined ? { allowed: true } : { allowed: true, issuer: auth.issuer })
    if (nonce === undefined) return { allowed: true, auth: auth as Auth, validUntil }
    return { allowed: true, auth: auth as Auth, validUntil, headers: nonceHeaders(nonce) }
  }

  /** An error of ours that is no refusal is not turned into one: it goes on to the framework, and nobody passes. */
  #deny(error: unknown, presented: readonly Scheme[] = []): Decision<never> & { readonly allowed: false } {
    if (!(error instanceof VerificationError)) throw error
    const { code, message: reason } = error
    if (decisionsAreWatched())
      publishDecision({ allowed: false, code, reason, ...(error instanceof PolicyDenial && { policy: error.trace }) })
    const { challenge, holders } = this.#configuration
    return toDenied(error, challenge, presented, code === 'proof_nonce_required' ? holders.nonce : undefined)
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

/** What a route says beside its policy. */
export interface RouteRule {
  /** A request without a credential passes as anonymous, as the option lets it everywhere; one with a credential is judged as ever. */
  readonly optional?: boolean
}

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
