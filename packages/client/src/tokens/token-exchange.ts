// A token of the caller becomes a token for the next service (RFC 8693): of the same user, for another audience, with this
// service as who asked. The caller's own token is never sent on: it was issued for us, and whoever gets it could use it here.
import { ConfigurationError } from '@sallyport/core'
import type { TokenEndpointResponse } from 'oauth4webapi'
import { digestOf } from '../credentials/digest.js'
import { DownstreamError } from '../downstream-error.js'
import { requireFunction, requireNumber, requireString } from '../option-checks.js'
import { HeldToken } from './held-token.js'
import { judgeSource, type TokenSourceOptions } from './source-options.js'
import type { GrantParameters, TokenEndpoint } from './token-endpoint.js'
import { type AccessToken, TokenSource, type TokenSupply, type TokenTransport } from './token-source.js'

const prefix = 'urn:ietf:params:oauth:token-type:'
const grantType = 'urn:ietf:params:oauth:grant-type:token-exchange'

/** What {@link tokenExchange} takes. Types of tokens are URIs (RFC 8693 §3), or the short names of that section. */
export interface TokenExchangeOptions extends TokenSourceOptions {
  /** The token of whom the call is made for. Asked at every call: it is that of the request in hand. */
  readonly subjectToken: () => string
  /** @defaultValue `'access_token'` */
  readonly subjectTokenType?: string
  /** The token of who acts for that subject, where it is not enough that the client is authenticated. */
  readonly actorToken?: () => string
  /** @defaultValue `'access_token'` */
  readonly actorTokenType?: string
  /** What is asked for; must be something that is sent as a token. @defaultValue the server decides */
  readonly requestedTokenType?: string
  /** Subjects whose tokens are kept, at most. @defaultValue 1000 */
  readonly greatestSubjects?: number
}

/**
 * Tokens for a service behind us, in place of that of the caller. Give it to `serviceClient({ token })`.
 *
 * @throws ConfigurationError
 * @see {@link https://www.rfc-editor.org/rfc/rfc8693#section-2.1 | RFC 8693 §2.1}
 */
export function tokenExchange(options: TokenExchangeOptions): TokenSource {
  const own = [
    'subjectToken',
    'subjectTokenType',
    'actorToken',
    'actorTokenType',
    'requestedTokenType',
    'greatestSubjects',
  ]
  const source = judgeSource(options, own, 'tokenExchange()')
  const { subjectToken, actorToken, greatestSubjects = 1000 } = options
  requireFunction(subjectToken, '`subjectToken`')
  if (actorToken !== undefined) requireFunction(actorToken, '`actorToken`')
  else if (options.actorTokenType !== undefined)
    throw new ConfigurationError('`actorTokenType` belongs to an `actorToken`') // RFC 8693 §2.1
  const types = {
    subject: typeUri(options.subjectTokenType ?? 'access_token', '`subjectTokenType`'),
    actor: typeUri(options.actorTokenType ?? 'access_token', '`actorTokenType`'),
    requested: requestedType(options.requestedTokenType),
  }
  const bound = Math.floor(requireNumber(greatestSubjects, '`greatestSubjects`', 1, 1_000_000))
  return new TokenSource((transport) => {
    const endpoint = source.open(transport)
    return new Exchange({ endpoint, transport, bound, types, parameters: source.parameters, subjectToken, actorToken })
  })
}

interface ExchangeSettings {
  readonly endpoint: TokenEndpoint
  readonly transport: TokenTransport
  readonly bound: number
  readonly types: { readonly subject: string; readonly actor: string; readonly requested: string | undefined }
  readonly parameters: GrantParameters
  readonly subjectToken: () => string
  readonly actorToken: (() => string) | undefined
}

class Exchange implements TokenSupply {
  readonly #settings: ExchangeSettings
  /** By the digest of the tokens that were given for them; the one that was used last is at the end. */
  readonly #held = new Map<string, HeldToken>()
  /** For whom a token was handed out, so that another can be had in its place. */
  readonly #handedOut = new WeakMap<AccessToken, Given>()

  constructor(settings: ExchangeSettings) {
    this.#settings = settings
  }

  proofs(): ReturnType<TokenSupply['proofs']> {
    return this.#settings.endpoint.proofs()
  }

  async current(): Promise<AccessToken> {
    const given = this.#give()
    const token = await this.#heldFor(given).current(() => this.#exchange(given))
    this.#handedOut.set(token, given)
    return token
  }

  async replace(refused: AccessToken): Promise<AccessToken | undefined> {
    const given = this.#handedOut.get(refused)
    if (given === undefined) return undefined
    const token = await this.#heldFor(given).replace(refused, () => this.#exchange(given))
    if (token !== undefined) this.#handedOut.set(token, given)
    return token
  }

  renew(): void {
    for (const held of this.#held.values()) held.renew()
  }

  #give(): Given {
    const { subjectToken, actorToken } = this.#settings
    return {
      subject: requireToken(subjectToken(), 'subject'),
      actor: actorToken && requireToken(actorToken(), 'actor'),
    }
  }

  #heldFor({ subject, actor }: Given): HeldToken {
    const { transport, bound } = this.#settings
    const digest = digestOf(subject, actor)
    const held = this.#held.get(digest) ?? new HeldToken(transport.clock, transport.publish)
    this.#held.delete(digest)
    this.#held.set(digest, held)
    const [oldest] = this.#held.keys()
    if (this.#held.size > bound && oldest !== undefined) this.#held.delete(oldest)
    return held
  }

  #exchange({ subject, actor }: Given): Promise<AccessToken> {
    const { endpoint, parameters, types } = this.#settings
    const asked: GrantParameters = [
      ...parameters,
      ['subject_token', subject],
      ['subject_token_type', types.subject],
      ...(actor === undefined
        ? []
        : ([
            ['actor_token', actor],
            ['actor_token_type', types.actor],
          ] as const)),
      ...(types.requested === undefined ? [] : ([['requested_token_type', types.requested]] as const)),
    ]
    return endpoint.request(grantType, asked, (answer) => requireIssuedType(answer, types.requested))
  }
}

/** The tokens that are given for another. */
interface Given {
  readonly subject: string
  readonly actor: string | undefined
}

/** RFC 8693 §2.2.1: the answer says what it is, and an ID token or a refresh token is nothing to call a service with. */
function requireIssuedType({ issued_token_type: issued }: TokenEndpointResponse, requested: string | undefined): void {
  const accepted = requested === undefined ? [`${prefix}access_token`, `${prefix}jwt`] : [requested]
  if (typeof issued === 'string' && accepted.includes(issued)) return
  throw new DownstreamError('token_unavailable', 'the authorization server has issued a token of another type')
}

function requireToken(token: unknown, whose: string): string {
  if (typeof token === 'string' && token !== '') return token
  throw new DownstreamError('token_unavailable', `there is no ${whose} token to exchange`)
}

/** A refresh token, an ID token or an assertion of SAML is nothing that a service is called with. */
function requestedType(type: string | undefined): string | undefined {
  if (type === undefined) return undefined
  const uri = typeUri(type, '`requestedTokenType`')
  if (['refresh_token', 'id_token', 'saml1', 'saml2'].some((name) => uri === prefix + name))
    throw new ConfigurationError('`requestedTokenType` must be a token that services are called with')
  return uri
}

/** RFC 8693 §3. */
function typeUri(type: unknown, what: string): string {
  const text = requireString(type, what)
  if (['access_token', 'refresh_token', 'id_token', 'saml1', 'saml2', 'jwt'].includes(text)) return prefix + text
  if (URL.canParse(text)) return text
  throw new ConfigurationError(`${what} must be a URI, or access_token, id_token or jwt`)
}
