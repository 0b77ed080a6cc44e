// Where the keys of one issuer come from: discovered, fetched, given in the options, or a shared secret. Exactly one of
// these, and a secret is never taken for a key.
import type { Clock } from './clock.js'
import { ConfigurationError } from './errors.js'
import type { Algorithm } from './jose/algorithms.js'
import {
  importSecret,
  type KeyObject,
  requireRandomSecret,
  UnusableKeyError,
  type VerificationKey,
} from './jose/jwk.js'
import type { Fetch } from './keys/fetch-document.js'
import { discoverJwksUri, isFetchable } from './keys/issuer-metadata.js'
import { importPublishedKey, JwkSet, type KeySet, parseJwkSet, SecretKeySet } from './keys/jwk-set.js'
import { defaultKeyLifetimes, type KeyLifetimeOptions, type KeyLifetimes } from './keys/key-lifetimes.js'
import { RemoteJwkSet } from './keys/remote-jwk-set.js'
import { requireKnownOptions, requireSeconds } from './option-checks.js'
import type { KeySetDocuments } from './state/key-set-documents.js'

/** A JSON Web Key Set (RFC 7517 §5), given in the options. */
export interface InlineJwks {
  readonly keys: readonly object[]
}

/** The options that say where keys come from. With none of the first four, they are discovered. */
export interface KeySourceOptions {
  /** Where the metadata is, if not where OpenID Connect Discovery or RFC 8414 put it. It must name {@link issuer}. */
  readonly discoveryUrl?: string
  /** Where the keys are, in place of discovery. */
  readonly jwksUri?: string
  /** The keys themselves, in place of fetching them. */
  readonly jwks?: InlineJwks
  /** A shared secret in place of keys: bytes, a KeyObject, or text taken as UTF-8. Needs {@link algorithms}. */
  readonly secret?: string | Uint8Array | KeyObject
  /** How long fetched keys live. */
  readonly keyLifetimes?: KeyLifetimeOptions
}

/** What the key sets of one verifier share: how time passes for them, and how they reach their issuer. */
export interface IssuerContext {
  readonly clock: Clock
  readonly stopwatch: Clock
  readonly pause: (seconds: number) => Promise<void>
  readonly fetch: Fetch
  /** What the processes that share a state have fetched. Asked for when the first key is: the state is made last. */
  readonly keySets: () => KeySetDocuments
}

/**
 * Builds the key set of an issuer from its one source.
 *
 * @param template - the issuer as it is written in the options, `{tenant}` and all
 * @throws ConfigurationError
 */
export function createKeySet(
  issuer: string,
  template: string,
  options: KeySourceOptions,
  algorithms: readonly Algorithm[],
  context: IssuerContext,
): KeySet {
  const { discoveryUrl, jwksUri, jwks, secret } = options
  if ([discoveryUrl, jwksUri, jwks, secret].filter((source) => source !== undefined).length > 1) {
    throw new ConfigurationError(`${issuer}: give one of \`discoveryUrl\`, \`jwksUri\`, \`jwks\` and \`secret\``)
  }
  if ((secret !== undefined || jwks !== undefined) && options.keyLifetimes !== undefined) {
    throw new ConfigurationError(`${issuer}: \`keyLifetimes\` goes with keys that are fetched`)
  }
  if (secret !== undefined) return new SecretKeySet(secretKey(issuer, secret, algorithms))
  if (jwks !== undefined) return new JwkSet(inlineKeys(issuer, jwks))
  return createRemoteKeySet(issuer, template, options, context)
}

function createRemoteKeySet(
  issuer: string,
  template: string,
  options: KeySourceOptions,
  context: IssuerContext,
): KeySet {
  const tenant = tenantOf(issuer, template)
  const jwksUri = urlOption(options.jwksUri, `${issuer}: \`jwksUri\``, tenant)
  const discoveryUrl = discoveryUrlOf(issuer, template, options)
  if (jwksUri === undefined && discoveryUrl === undefined) requireIssuerUrl(issuer)
  const { keySets: documents, ...means } = context
  return new RemoteJwkSet({
    ...means,
    documents,
    source: { issuer, location: (discoveryUrl ?? jwksUri)?.href ?? '' },
    isSource: (url) =>
      jwksUri === undefined ? couldBeNamed(url, discoveryUrl ?? new URL(issuer)) : url.href === jwksUri.href,
    lifetimes: requireLifetimes(options.keyLifetimes, `${issuer}: \`keyLifetimes`),
    parse: parseJwkSet,
    locate: async (fetchContext) => jwksUri ?? discoverJwksUri(issuer, discoveryUrl, fetchContext),
  })
}

/** `discoveryUrl` of the options, with what `{tenant}` stands for in this issuer. @throws ConfigurationError */
export function discoveryUrlOf(issuer: string, template: string, options: KeySourceOptions): URL | undefined {
  return urlOption(options.discoveryUrl, `${issuer}: \`discoveryUrl\``, tenantOf(issuer, template))
}

/** Whether metadata could name such a place, for a document that another process has fetched from there. */
function couldBeNamed(url: URL, metadata: URL): boolean {
  return isFetchable(url) && (url.protocol === 'https:' || metadata.protocol === 'http:')
}

/** What `{tenant}` stands for in this issuer; `undefined` where its template has none. */
function tenantOf(issuer: string, template: string): string | undefined {
  const parts = template.split('{tenant}')
  const places = parts.length - 1
  if (places === 0) return undefined
  const length = (issuer.length - parts.join('').length) / places
  const start = parts[0]?.length ?? 0
  return issuer.slice(start, start + length)
}

function urlOption(url: unknown, what: string, tenant: string | undefined): URL | undefined {
  if (typeof url !== 'string' || !url.includes('{tenant}')) return url === undefined ? undefined : requireUrl(url, what)
  if (tenant === undefined) throw new ConfigurationError(`${what} holds {tenant}, and the issuer has no \`tenants\``)
  return requireUrl(url.replaceAll('{tenant}', tenant), what)
}

/** @throws ConfigurationError */
export function requireLifetimes(options: KeyLifetimeOptions | undefined, what: string): KeyLifetimes {
  if (options === undefined) return defaultKeyLifetimes
  if (typeof options !== 'object' || options === null || Array.isArray(options)) {
    throw new ConfigurationError(`${what}\` must be an object`)
  }
  requireKnownOptions(options, Object.keys(defaultKeyLifetimes), `${what}\``)
  for (const [name, value] of Object.entries(options)) {
    requireSeconds(value, `${what}.${name}\``, name === 'staleSeconds' ? 0 : 1, 86_400)
  }
  const lifetimes = { ...defaultKeyLifetimes, ...options }
  if (lifetimes.leastLifetimeSeconds <= lifetimes.greatestLifetimeSeconds) return lifetimes
  throw new ConfigurationError(`${what}\`: \`leastLifetimeSeconds\` is greater than \`greatestLifetimeSeconds\``)
}

function secretKey(issuer: string, secret: unknown, algorithms: readonly Algorithm[]): VerificationKey {
  const bytes = typeof secret === 'string' ? Buffer.from(secret, 'utf8') : (secret as Uint8Array | KeyObject)
  try {
    const key = importSecret(bytes, algorithms)
    requireRandomSecret(key)
    return key
  } catch (cause) {
    const reason =
      cause instanceof UnusableKeyError ? cause.message : 'it is neither text, bytes nor a secret KeyObject'
    throw new ConfigurationError(`${issuer}: \`secret\` can't be used: ${reason}`, { cause })
  }
}

function inlineKeys(issuer: string, jwks: InlineJwks): readonly VerificationKey[] {
  if (!Array.isArray(jwks?.keys) || jwks.keys.length === 0) {
    throw new ConfigurationError(`${issuer}: \`jwks\` must be an object with at least one key in \`keys\``)
  }
  return jwks.keys.map((key, index) => {
    try {
      return importPublishedKey(key)
    } catch (cause) {
      const reason = cause instanceof Error ? cause.message : 'it is no key'
      throw new ConfigurationError(`${issuer}: \`jwks.keys[${index}]\` can't be used: ${reason}`, { cause })
    }
  })
}

/**
 * RFC 8414 §2: an issuer that publishes metadata is an https URL without query or fragment.
 *
 * @param instead - what could say in the options what the metadata would
 * @throws ConfigurationError
 */
export function requireIssuerUrl(issuer: string, instead = '`jwksUri`, `jwks` or `secret`'): void {
  const url = requireUrl(issuer, `${issuer}: \`issuer\` has no ${instead}, so it`)
  if (url.search !== '' || url.hash !== '' || issuer.includes('?') || issuer.includes('#')) {
    throw new ConfigurationError(`${issuer}: \`issuer\` must have no query and no fragment`)
  }
}

/** A URL that something may be fetched from. @throws ConfigurationError */
export function requireUrl(text: unknown, what: string): URL {
  const url = typeof text === 'string' && URL.canParse(text) ? new URL(text) : undefined
  if (url === undefined || !isFetchable(url) || url.username !== '' || url.password !== '') {
    throw new ConfigurationError(
      `${what} must be an https URL (plain http only to a loopback host), without credentials`,
    )
  }
  return url
}
