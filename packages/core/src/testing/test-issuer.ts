// A real issuer for tests: an HTTP server on a free loopback port with discovery and a key set, which can do on demand
// what real issuers do at the worst moment.
import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { type Clock, systemClock } from '../clock.js'
import type { AsymmetricAlgorithm } from '../jose/algorithms.js'
import { createTestKey, type TestKey } from './test-keys.js'
import { issueToken, type TestClaims, type TestTokenOptions } from './test-token.js'

/** Options of {@link createTestIssuer}. */
export interface TestIssuerOptions {
  /** Signs with it. @defaultValue `'ES256'`, the fastest to make keys for */
  readonly algorithm?: AsymmetricAlgorithm
  /** `aud` of its tokens. @defaultValue `'https://api.example.com'` */
  readonly audience?: string
  /** Seconds since the epoch, for `iat` and `exp`. @defaultValue the clock of the machine */
  readonly clock?: Clock
  /** `Cache-Control` of its documents. @defaultValue `'public, max-age=300'` */
  readonly cacheControl?: string
}

/** How many documents an issuer was asked for. */
export interface TestIssuerRequests {
  readonly metadata: number
  readonly jwks: number
}

/** An issuer under the control of a test. Made by {@link createTestIssuer}. */
export class TestIssuer {
  /** `iss` of its tokens, and where its metadata is. */
  readonly issuer: string
  readonly audience: string
  readonly jwksUri: string
  readonly #server: ReturnType<typeof createServer>
  readonly #options: Required<TestIssuerOptions>
  #keys: readonly TestKey[]
  #answer: (response: ServerResponse) => boolean = () => false
  #metadata: Readonly<Record<string, unknown>> = {}
  #requests = { metadata: 0, jwks: 0 }
  #serial = 0

  /** @internal use {@link createTestIssuer} */
  constructor(server: ReturnType<typeof createServer>, options: Required<TestIssuerOptions>, key: TestKey) {
    this.#server = server
    this.#options = options
    this.#keys = [key]
    this.audience = options.audience
    this.issuer = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
    this.jwksUri = `${this.issuer}/jwks`
    server.on('request', (request, response) => this.#respond(request, response))
  }

  /** The key that signs now. */
  get key(): TestKey {
    return this.#keys.at(-1) as TestKey
  }

  /** The key set as it is published now. */
  get jwks(): { readonly keys: readonly object[] } {
    return { keys: this.#keys.map(({ publicJwk }) => publicJwk) }
  }

  /** How often it was asked for documents. */
  get requests(): TestIssuerRequests {
    return { ...this.#requests }
  }

  /** Issues an access token (RFC 9068): a good one, unless told otherwise. */
  async issue(claims: TestClaims = {}, options: TestTokenOptions = {}): Promise<string> {
    this.#serial += 1
    const { issuer, audience } = this
    return issueToken(
      { issuer, audience, now: this.#options.clock(), serial: this.#serial, key: this.key },
      claims,
      options,
    )
  }

  /** The header of a request by this user: `request(app).get('/').set(await issuer.asUser({ sub: 'ann' }))`. */
  async asUser(claims: TestClaims = {}, options: TestTokenOptions = {}): Promise<{ authorization: string }> {
    return { authorization: `Bearer ${await this.issue(claims, options)}` }
  }

  /** Signs with a new key from now on. The old one stays published until {@link dropKey}. */
  async rotate(algorithm: AsymmetricAlgorithm = this.#options.algorithm): Promise<TestKey> {
    const key = await createTestKey(algorithm, `key-${this.#keys.length + 1}-${Math.random().toString(36).slice(2, 8)}`)
    this.#keys = [...this.#keys, key]
    return key
  }

  /** Publishes a key set without this key from now on. */
  dropKey(kid: string): void {
    this.#keys = this.#keys.filter((key) => key.kid !== kid)
  }

  /** Takes requests from now on and never answers them. */
  hang(): void {
    this.#answer = () => true
  }

  /** Answers every request with this status from now on. */
  fail(status = 500): void {
    this.#answer = (response) => {
      response.writeHead(status).end()
      return true
    }
  }

  /** Answers every request with this text from now on, as if it were the document. */
  garble(body: string | Uint8Array): void {
    this.#answer = (response) => {
      response.writeHead(200, { 'content-type': 'application/json' }).end(body)
      return true
    }
  }

  /** Says these things in its metadata from now on, whether true or not: `lie({ issuer: 'https://evil.example' })`. */
  lie(metadata: Readonly<Record<string, unknown>>): void {
    this.#metadata = metadata
  }

  /** Is an honest issuer in good health again. */
  recover(): void {
    this.#answer = () => false
    this.#metadata = {}
  }

  /** Stops listening, and drops who is connected. */
  async close(): Promise<void> {
    if (!this.#server.listening) return
    const closed = once(this.#server, 'close')
    this.#server.close()
    this.#server.closeAllConnections()
    await closed
  }

  #respond(request: IncomingMessage, response: ServerResponse): void {
    const isJwks = request.url === '/jwks'
    this.#requests = {
      metadata: this.#requests.metadata + (isJwks ? 0 : 1),
      jwks: this.#requests.jwks + (isJwks ? 1 : 0),
    }
    if (this.#answer(response)) return
    const metadata = { issuer: this.issuer, jwks_uri: this.jwksUri, ...this.#metadata }
    if (isJwks) this.#sendDocument(request, response, this.jwks)
    else if (request.url === '/.well-known/openid-configuration') this.#sendDocument(request, response, metadata)
    else response.writeHead(404).end()
  }

  #sendDocument(request: IncomingMessage, response: ServerResponse, document: object): void {
    const body = JSON.stringify(document)
    const etag = `"${Buffer.from(body).toString('base64url').slice(-24)}${body.length}"`
    const headers = { 'content-type': 'application/json', 'cache-control': this.#options.cacheControl, etag }
    if (request.headers['if-none-match'] === etag) response.writeHead(304, headers).end()
    else response.writeHead(200, headers).end(body)
  }
}

/**
 * Starts an issuer on a free loopback port. Close it when the test is over.
 *
 * @example
 * ```ts
 * const issuer = await createTestIssuer()
 * const app = createApp({ issuer: issuer.issuer, audience: issuer.audience })
 * await request(app).get('/orders').set(await issuer.asUser({ scope: 'read:orders' })).expect(200)
 * await issuer.close()
 * ```
 */
export async function createTestIssuer(options: TestIssuerOptions = {}): Promise<TestIssuer> {
  const complete: Required<TestIssuerOptions> = {
    algorithm: options.algorithm ?? 'ES256',
    audience: options.audience ?? 'https://api.example.com',
    clock: options.clock ?? systemClock,
    cacheControl: options.cacheControl ?? 'public, max-age=300',
  }
  const key = await createTestKey(complete.algorithm, 'key-1')
  const server = createServer()
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return new TestIssuer(server, complete, key)
}
