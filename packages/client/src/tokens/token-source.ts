// What stands between a client and its tokens. A source is made of options and knows no connection yet; the client opens it
// with its own.
import type { DPoPHandle } from 'oauth4webapi'
import type { Publish } from '../client-events.js'

/** A token in hand. Times are in seconds since the epoch. */
export interface AccessToken {
  readonly value: string
  /** When it was asked for. */
  readonly obtainedAt: number
  /** From when on another is fetched. */
  readonly refreshAt: number
  readonly expiresAt: number
}

/** What a source asks the authorization server through. */
export interface TokenTransport {
  readonly fetch: typeof globalThis.fetch
  readonly clock: () => number
  readonly timeoutSeconds: number
  /** Whether the connections show a certificate (RFC 8705). */
  readonly hasCertificate: boolean
  readonly publish: Publish
}

/** The tokens of one client. */
export interface TokenSupply {
  /** The token to send now. @throws DownstreamError `token_unavailable`, `token_refused` */
  current(): Promise<AccessToken>
  /** Another in place of one that a service has refused; `undefined` where there is none. Never throws. */
  replace(refused: AccessToken): Promise<AccessToken | undefined>
  /** The certificate has changed, and with it what tokens are bound to: those in hand are replaced soon. */
  renew(): void
  /** The key that tokens are bound to, with the nonces of servers (RFC 9449). */
  proofs(): Promise<DPoPHandle | undefined>
}

/** Where tokens come from. Made by `clientCredentials()` or `tokenExchange()`. */
export class TokenSource {
  readonly #open: (transport: TokenTransport) => TokenSupply

  /** @internal use `clientCredentials()` or `tokenExchange()` */
  constructor(open: (transport: TokenTransport) => TokenSupply) {
    this.#open = open
  }

  /** @internal for the client; asks nobody yet. @throws ConfigurationError */
  open(transport: TokenTransport): TokenSupply {
    return this.#open(transport)
  }
}
