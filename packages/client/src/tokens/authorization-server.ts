// Where the token endpoint is: named by the options, or read from the metadata of the issuer (OpenID Connect Discovery 1.0 §4,
// RFC 8414 §3). Metadata are kept for an hour, and longer while none can be had.
import {
  type AuthorizationServer,
  allowInsecureRequests,
  customFetch,
  discoveryRequest,
  processDiscoveryResponse,
} from 'oauth4webapi'
import { DownstreamError } from '../downstream-error.js'

const keptSeconds = 3_600

/** Whom tokens are asked of. */
export interface IssuerSettings {
  readonly issuer: URL
  /** As it was given: metadata must say the same, to the letter. */
  readonly issuerText: string
  readonly tokenEndpoint: string | undefined
}

type MetadataFetch = (url: string, init: object) => Promise<Response>

export class IssuerMetadata {
  readonly #settings: IssuerSettings
  readonly #fetch: MetadataFetch
  readonly #clock: () => number
  #held: { readonly metadata: AuthorizationServer; readonly until: number } | undefined

  constructor(settings: IssuerSettings, fetch: MetadataFetch, clock: () => number) {
    this.#settings = settings
    this.#fetch = fetch
    this.#clock = clock
  }

  /** @throws DownstreamError `token_unavailable`, `endpoint_refused` */
  async current(): Promise<AuthorizationServer> {
    const { issuerText: issuer, tokenEndpoint } = this.#settings
    if (tokenEndpoint !== undefined) return { issuer, token_endpoint: tokenEndpoint }
    const held = this.#held
    if (held !== undefined && this.#clock() < held.until) return held.metadata
    try {
      const metadata = await this.#discover()
      this.#held = { metadata, until: this.#clock() + keptSeconds }
      return metadata
    } catch (error) {
      if (held !== undefined) return held.metadata
      throw error
    }
  }

  async #discover(): Promise<AuthorizationServer> {
    const metadata = (await this.#ask('oidc')) ?? (await this.#ask('oauth2'))
    if (metadata?.issuer !== this.#settings.issuerText || metadata.token_endpoint === undefined)
      throw new DownstreamError('token_unavailable', 'the metadata of the issuer were not found, or are not its own')
    return metadata
  }

  /** The metadata at one of the two well-known places; `undefined` where nothing of use is there. */
  async #ask(algorithm: 'oidc' | 'oauth2'): Promise<AuthorizationServer | undefined> {
    const { issuer } = this.#settings
    // Plain http is for the loopback host, and `boundedFetch` says so.
    const options = { algorithm, [customFetch]: this.#fetch, [allowInsecureRequests]: true }
    const answer = await discoveryRequest(issuer, options)
    return processDiscoveryResponse(issuer, answer).catch(() => undefined)
  }
}
