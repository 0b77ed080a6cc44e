// One request for a token, of whichever grant: authenticated, with a proof of possession where tokens are bound to a key, and
// once more where the server wants its nonce in it (RFC 9449 §8). What comes back is a token of the kind that was asked for,
// or an error with a code, made new: the errors of the library hold the answer, and an answer may hold a token.
import {
  allowInsecureRequests,
  customFetch,
  DPoP,
  type DPoPHandle,
  generateKeyPair,
  genericTokenEndpointRequest,
  isDPoPNonceError,
  processGenericTokenEndpointResponse,
  ResponseBodyError,
  type TokenEndpointResponse,
  WWWAuthenticateChallengeError,
} from 'oauth4webapi'
import { DownstreamError } from '../downstream-error.js'
import { IssuerMetadata, type IssuerSettings } from './authorization-server.js'
import { boundedFetch } from './bounded-fetch.js'
import type { ClientAuthentication } from './client-authentication.js'
import { refreshTimeOf } from './held-token.js'
import type { AccessToken, TokenTransport } from './token-source.js'

/** Of an answer that does not say how long its token lives, in seconds. */
const defaultLifetimeSeconds = 60
const greatestLifetimeSeconds = 86_400

/** What is asked, besides `grant_type` and what says who asks. */
export type GrantParameters = readonly (readonly [string, string])[]

/** Judges what else of an answer a grant prescribes. @throws DownstreamError */
export type JudgeAnswer = (answer: TokenEndpointResponse) => void

/** What every request of a source has in common. */
export interface TokenEndpointSettings extends IssuerSettings {
  readonly clientId: string
  readonly authentication: ClientAuthentication
  readonly isBound: boolean
}

export class TokenEndpoint {
  readonly #settings: TokenEndpointSettings
  readonly #transport: TokenTransport
  readonly #fetch: (url: string, init: object) => Promise<Response>
  readonly #metadata: IssuerMetadata
  #proofs: Promise<DPoPHandle> | undefined

  constructor(settings: TokenEndpointSettings, transport: TokenTransport) {
    this.#settings = settings
    this.#transport = transport
    this.#fetch = boundedFetch(transport.fetch, transport.timeoutSeconds)
    this.#metadata = new IssuerMetadata(settings, this.#fetch, transport.clock)
  }

  /** What proves that we are the holder of our tokens; `undefined` where they are bound to no key. */
  async proofs(): Promise<DPoPHandle | undefined> {
    if (this.#settings.isBound) this.#proofs ??= createProofs()
    return this.#proofs
  }

  /** @throws DownstreamError `token_unavailable`, `token_refused`, `endpoint_refused` */
  async request(grantType: string, parameters: GrantParameters, judge: JudgeAnswer = () => {}): Promise<AccessToken> {
    const obtainedAt = this.#transport.clock()
    const answer = await this.#ask(grantType, parameters)
      .catch((error: unknown) => {
        if (!isDPoPNonceError(error)) throw error
        return this.#ask(grantType, parameters) // the handle has kept the nonce; the assertion is a new one
      })
      .catch((error: unknown) => {
        throw asDownstreamError(error)
      })
    // INVARIANT: a token that is not bound, where it was to be, is thrown away (RFC 9449 §5).
    if (answer.token_type !== (this.#settings.isBound ? 'dpop' : 'bearer'))
      throw new DownstreamError('token_unavailable', 'the authorization server has issued a token of another type')
    // Of other characters no header can be made (RFC 6749 §A.12), and the error of trying would show it.
    if (!/^[\x21-\x7e]+$/.test(answer.access_token))
      throw new DownstreamError('token_unavailable', 'the authorization server has issued a token that cannot be sent')
    judge(answer)
    const lifetime = Math.min(answer.expires_in ?? defaultLifetimeSeconds, greatestLifetimeSeconds)
    const refreshAt = refreshTimeOf(obtainedAt, lifetime)
    return { value: answer.access_token, obtainedAt, refreshAt, expiresAt: obtainedAt + lifetime }
  }

  async #ask(grantType: string, parameters: GrantParameters): Promise<TokenEndpointResponse> {
    const { clientId, authentication } = this.#settings
    const [server, authenticate, proofs] = await Promise.all([
      this.#metadata.current(),
      authentication.prepare(),
      this.proofs(),
    ])
    // RFC 8705 §5: who shows a certificate, asks at the endpoint that reads it.
    const client = { client_id: clientId, use_mtls_endpoint_aliases: this.#transport.hasCertificate }
    const options = { [customFetch]: this.#fetch, [allowInsecureRequests]: true, ...(proofs && { DPoP: proofs }) }
    const body = new URLSearchParams(parameters.map(([name, value]): [string, string] => [name, value]))
    const response = await genericTokenEndpointRequest(server, client, authenticate, grantType, body, options)
    return processGenericTokenEndpointResponse(server, client, response)
  }
}

/** A key pair for proofs that never leaves this process, and the nonces of the servers that want them. */
async function createProofs(): Promise<DPoPHandle> {
  return DPoP({}, await generateKeyPair('ES256'))
}

/** RFC 6749 §5.2, RFC 8693 §2.2.2, RFC 8707 §2, RFC 9449 §5 and §8. Anything else is a text of a stranger. */
const oauthErrors = [
  ...['invalid_request', 'invalid_client', 'invalid_grant', 'unauthorized_client', 'unsupported_grant_type'],
  ...['invalid_scope', 'invalid_target', 'invalid_dpop_proof', 'use_dpop_nonce'],
]

function asDownstreamError(error: unknown): DownstreamError {
  if (error instanceof DownstreamError) return error
  if (error instanceof ResponseBodyError && error.status < 500 && error.status !== 429) {
    const oauthError = oauthErrors.find((known) => known === error.error)
    return new DownstreamError('token_refused', 'the authorization server has refused a token', { oauthError })
  }
  if (error instanceof WWWAuthenticateChallengeError && error.status === 401) {
    const details = { oauthError: 'invalid_client' }
    return new DownstreamError('token_refused', 'the authorization server does not know this client', details)
  }
  // INVARIANT: no cause. The errors of the library hold the answer.
  return new DownstreamError('token_unavailable', 'the answer of the authorization server is no token')
}
