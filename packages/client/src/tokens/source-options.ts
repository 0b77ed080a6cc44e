// What both grants are told: whom to ask, who asks, and for what.
import { ConfigurationError } from '@sallyport/core'
import { requireConfidentialUrl } from '../destination.js'
import { requireFunction, requireKnownOptions, requireString, requireStrings } from '../option-checks.js'
import {
  type ClientAuthentication,
  type ClientAuthenticationOptions,
  judgeClientAuthentication,
} from './client-authentication.js'
import { type GrantParameters, TokenEndpoint } from './token-endpoint.js'
import type { TokenTransport } from './token-source.js'

/** What `clientCredentials()` and `tokenExchange()` have in common. */
export interface TokenSourceOptions extends ClientAuthenticationOptions {
  /** The authorization server, to the letter. Its metadata are read from the well-known places. */
  readonly issuer: string
  /** Its token endpoint, where it publishes no metadata. @defaultValue read from the metadata */
  readonly tokenEndpoint?: string
  /** Scopes, as a list or as one text with spaces. */
  readonly scope?: string | readonly string[]
  /** URLs of what the token is for (RFC 8707 §2). */
  readonly resource?: string | readonly string[]
  /** Names of what the token is for (RFC 8693 §2.1; many servers take it for client credentials, too). */
  readonly audience?: string | readonly string[]
  /** Binds tokens to a key of this process, and proves it with every request (RFC 9449). @defaultValue `false` */
  readonly dpop?: boolean
  /** Asks the authorization server, where that is not to happen over the connections of the client. */
  readonly fetch?: typeof globalThis.fetch
}

/** A way to a token endpoint that needs a connection. */
export interface JudgedSource {
  readonly parameters: GrantParameters
  /** @throws ConfigurationError */
  open(transport: TokenTransport): TokenEndpoint
}

const known = [
  ...['issuer', 'tokenEndpoint', 'clientId', 'clientSecret', 'privateKey', 'algorithm', 'keyId'],
  ...['scope', 'resource', 'audience', 'dpop', 'fetch'],
]

/** @throws ConfigurationError */
export function judgeSource(options: TokenSourceOptions, more: readonly string[], what: string): JudgedSource {
  requireKnownOptions(options, [...known, ...more], what)
  const { tokenEndpoint, dpop = false, fetch } = options
  const issuer = requireConfidentialUrl(options.issuer, '`issuer`')
  if (tokenEndpoint !== undefined) requireConfidentialUrl(tokenEndpoint, '`tokenEndpoint`')
  if (typeof dpop !== 'boolean') throw new ConfigurationError('`dpop` must be true or false')
  if (fetch !== undefined) requireFunction(fetch, '`fetch`')
  const authentication = judgeClientAuthentication(options)
  return {
    parameters: parametersOf(options),
    open(transport) {
      const { isByCertificate } = authentication
      // What connections of another kind show, is for them to say.
      const own = fetch === undefined ? transport : { ...transport, fetch, hasCertificate: isByCertificate }
      requireProof(authentication, own)
      const named = { issuer, issuerText: options.issuer, tokenEndpoint, clientId: options.clientId }
      return new TokenEndpoint({ ...named, authentication, isBound: dpop }, own)
    },
  }
}

/** Found out by the client, which is built later. */
function requireProof({ isByCertificate }: ClientAuthentication, { hasCertificate }: TokenTransport): void {
  if (isByCertificate && !hasCertificate)
    throw new ConfigurationError('`token` needs a `clientSecret`, a `privateKey`, or a client with a certificate')
}

function parametersOf({ scope, resource, audience }: TokenSourceOptions): GrantParameters {
  const scopes = requireStrings(scope, '`scope`').join(' ')
  return [
    ...(scopes === '' ? [] : [['scope', scopes] as const]),
    ...requireStrings(resource, '`resource`').map((value) => ['resource', requireResource(value)] as const),
    ...requireStrings(audience, '`audience`').map((value) => ['audience', value] as const),
  ]
}

/** RFC 8707 §2: an absolute URI without a fragment. */
function requireResource(value: string): string {
  if (URL.canParse(value) && !value.includes('#')) return requireString(value, '`resource`')
  throw new ConfigurationError('`resource` must be absolute URLs without a fragment')
}
