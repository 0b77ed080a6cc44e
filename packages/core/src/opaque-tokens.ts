// Steps 2 to 6 for a token that says nothing by itself: the issuer is asked about it (RFC 7662), and what it answers is judged
// like the claims of a JWT. Put together here, because it takes the keys of the issuer, the way it is reached and the rules for its
// claims; what is remembered of answers is in `introspection/`.
import { setMaxListeners } from 'node:events'
import type { ClaimRules, ValidatedClaims } from './claims/validate-claims.js'
import { type IntrospectionRules, validateIntrospected } from './claims/validate-introspected.js'
import type { AccessToken, ActiveClaims } from './decision.js'
import { VerificationError } from './errors.js'
import { publishIntrospection } from './events.js'
import { CallRefusedError, GuardedCalls, pauseSeconds } from './guarded-calls.js'
import { proveClient } from './introspection/client-authentication.js'
import { openSignedAnswer, readAnswer } from './introspection/introspection-answer.js'
import { type KnownAnswer, RememberedAnswers } from './introspection/remembered-answers.js'
import { isOpaque } from './introspection/token-shape.js'
import type { IntrospectionSettings } from './introspection-options.js'
import type { IssuerContext } from './issuer-keys.js'
import { CompactJwsDecoder } from './jose/compact-jws.js'
import { verifySignature } from './jose/signature.js'
import { type JsonObject, parseJsonObject } from './jose/strict-json.js'
import { DocumentError, type FetchContext } from './keys/fetch-document.js'
import { discoverEndpoint } from './keys/issuer-metadata.js'
import { LocatedEndpoint } from './keys/located-endpoint.js'
import { postForm } from './keys/post-form.js'
import { readClaimsSet, requireHeader, type TrustedIssuer } from './keys/trusted-issuer.js'
import type { VerdictCache } from './state/verdict-cache.js'

/** The one issuer that answers questions. */
export interface IntrospectedIssuer extends TrustedIssuer {
  readonly rules: ClaimRules
}

/** What it is asked with. */
export interface OpaqueTokensParts {
  readonly settings: IntrospectionSettings
  readonly context: IssuerContext
  readonly verdicts: VerdictCache
  /** Whether encrypted tokens are opened here, and so are not opaque. */
  readonly decrypts: boolean
  readonly maxTokenBytes: number
}

const greatestBytes = 65_536
const visible = /^[\x20-\x7e]+$/ // RFC 6749 appendix A.12
const signedType = 'application/token-introspection+jwt'

export class OpaqueTokens {
  readonly issuer: string
  readonly #issuer: IntrospectedIssuer
  readonly #rules: ClaimRules & IntrospectionRules
  readonly #parts: OpaqueTokensParts
  readonly #answers: RememberedAnswers
  readonly #calls: GuardedCalls
  readonly #location: LocatedEndpoint
  readonly #decoder = new CompactJwsDecoder(greatestBytes)
  readonly #closing = new AbortController()

  constructor(issuer: IntrospectedIssuer, parts: OpaqueTokensParts) {
    const { settings, context, verdicts } = parts
    const { client, endpoint, discoveryUrl, isSigned, allowsMissingAudience } = settings
    setMaxListeners(0, this.#closing.signal) // one for each call, and those are bounded
    this.issuer = issuer.issuer
    this.#issuer = { ...issuer, tokenTypes: new Set(['token-introspection+jwt']) } // RFC 9701 §5
    this.#rules = { ...issuer.rules, allowsMissingAudience }
    this.#parts = parts
    this.#answers = new RememberedAnswers({
      ask: (token) => this.#ask(token),
      of: JSON.stringify([issuer.issuer, client.clientId, isSigned]),
      lifetimes: settings,
      verdicts,
      clock: context.clock,
    })
    this.#calls = new GuardedCalls({
      stopwatch: context.stopwatch,
      isOutage: (error) => error instanceof DocumentError && !error.isAnswered,
      onChange: (isPaused) => this.#tellPause(isPaused),
    })
    this.#location = new LocatedEndpoint(
      async (how) => endpoint ?? discoverEndpoint('introspection_endpoint', this.issuer, discoveryUrl, how),
      context.clock,
    )
  }

  /** Whether a token goes this way. */
  concerns(token: string): boolean {
    return isOpaque(token, this.#parts.decrypts)
  }

  /** The facts of a token that was judged before, if they hold this very moment. */
  recall(token: string, now: number): AccessToken<unknown> | undefined {
    const facts = this.#answers.recall(token)?.facts
    if (facts === undefined) return undefined
    const { accessToken, validity } = facts
    return now >= validity.notBefore && now < validity.notAfter ? accessToken : undefined // INVARIANT: never served expired
  }

  /** Whether the issuer has called this very token active, whatever became of it since. */
  knows(token: string): boolean {
    return this.#answers.knows(token)
  }

  /**
   * Asks the issuer, unless the answer is known.
   *
   * @param isFresh - asks, whatever is known
   * @throws VerificationError `token_malformed`, `token_inactive`, `introspection_unavailable`
   */
  async find(token: string, isFresh: boolean): Promise<KnownAnswer & { readonly claims: ActiveClaims }> {
    const { maxTokenBytes } = this.#parts
    if (token.length > maxTokenBytes)
      throw new VerificationError('token_malformed', `the token is longer than ${maxTokenBytes} bytes`)
    if (!visible.test(token)) throw new VerificationError('token_malformed', 'the token is not of visible ASCII')
    const known = await this.#answers.find(token, isFresh)
    if (known.claims === undefined)
      throw new VerificationError('token_inactive', 'the issuer says that the token is not active')
    return known as KnownAnswer & { readonly claims: ActiveClaims }
  }

  /**
   * Judges what the issuer has answered.
   *
   * @param now - seconds since the epoch
   * @throws VerificationError as `validateIntrospected`
   */
  judge(claims: ActiveClaims, now: number): ValidatedClaims {
    return validateIntrospected(claims, this.#rules, now)
  }

  /** What was answered of late, for an explanation. */
  claimsOf(token: string): JsonObject | undefined {
    const claims = this.#answers.recall(token)?.claims
    return claims && { iss: this.issuer, ...claims }
  }

  close(): void {
    this.#closing.abort()
  }

  /** @throws VerificationError `introspection_unavailable` whatever it was that failed: none of it is the caller's fault */
  async #ask(token: string): Promise<ActiveClaims | undefined> {
    try {
      return await this.#calls.run(() => this.#call(token))
    } catch (cause) {
      const isRefused = cause instanceof CallRefusedError
      if (cause instanceof DocumentError && (cause.isAbsent || !cause.isAnswered)) this.#location.forget()
      const reason = cause instanceof Error ? cause.message : 'the call failed'
      publishIntrospection({ issuer: this.issuer, outcome: isRefused ? 'refused' : 'failed', reason })
      const message = isRefused ? reason : 'the issuer cannot be asked about the token'
      throw new VerificationError('introspection_unavailable', message, { retryAfterSeconds: pauseSeconds, cause })
    }
  }

  /** RFC 7662 §2.1 */
  async #call(token: string): Promise<ActiveClaims | undefined> {
    const { settings, context } = this.#parts
    const { fetch, clock } = context
    const how: FetchContext = { fetch, timeoutSeconds: settings.timeoutSeconds, signal: this.#closing.signal }
    const endpoint = await this.#location.find(how)
    const { headers, parameters } = await proveClient(settings.client, this.issuer, clock())
    const form = new URLSearchParams({ token, token_type_hint: 'access_token', ...parameters })
    const accept = settings.isSigned ? signedType : 'application/json'
    const answer = await postForm(endpoint, how, { form, headers, accept, greatestBytes })
    return readAnswer(settings.isSigned ? await this.#open(answer) : parseJsonObject(answer))
  }

  /** Steps 2 to 5 of the staircase, for an answer (RFC 9701 §5). */
  async #open(answer: Buffer): Promise<JsonObject> {
    const unverified = readClaimsSet(this.#decoder.decode(answer.toString('latin1').trim())) // RFC 7515 §5.2
    requireHeader(unverified.unverifiedHeader, this.#issuer) // RFC 8725 §3.1, §3.10, §3.11
    const key = await this.#issuer.keys.keyFor(unverified.unverifiedHeader) // RFC 7515 §4.1.4
    const { unverifiedClaims } = verifySignature(unverified, key) // RFC 7515 §5.2 step 8
    const { clockToleranceSeconds } = this.#rules
    const { clientId } = this.#parts.settings.client
    const rules = { issuer: this.issuer, clientId, clockToleranceSeconds, now: this.#parts.context.clock() }
    return openSignedAnswer(unverifiedClaims, rules)
  }

  #tellPause(isPaused: boolean): void {
    if (isPaused) {
      const reason = `the last calls had no answer: none is made for ${pauseSeconds} s, and then one`
      publishIntrospection({ issuer: this.issuer, outcome: 'paused', reason })
    } else {
      publishIntrospection({ issuer: this.issuer, outcome: 'resumed', reason: 'the issuer answers again' })
    }
  }
}
