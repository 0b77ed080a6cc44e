// The trust domains whose workloads are known here (SPIFFE), judged once and frozen: whose authorities vouch for the certificates of
// workloads, whose keys for their JWT-SVIDs. Trust is per trust domain: no bundle of one ever vouches for a workload of another.
import type { CertificatePlace } from './binding/client-certificate.js'
import { jwtSvidProfile } from './claims/token-profile.js'
import { ConfigurationError } from './errors.js'
import { type InlineJwks, type IssuerContext, requireLifetimes, requireUrl } from './issuer-keys.js'
import type { IssuerRecord } from './issuer-record.js'
import { parseSpiffeId } from './jose/spiffe-id.js'
import type { JsonObject } from './jose/strict-json.js'
import { BundleFile } from './keys/bundle-file.js'
import type { KeyLifetimeOptions } from './keys/key-lifetimes.js'
import { RemoteJwkSet } from './keys/remote-jwk-set.js'
import { parseTrustBundle, type TrustBundleSource } from './keys/trust-bundle.js'
import { didYouMean, requireKnownOptions, requireStrings } from './option-checks.js'

/** Workloads that are known by their SPIFFE IDs. */
export interface SpiffeOptions {
  /** Whose workloads may call. A workload of any other trust domain is nobody. */
  readonly trustDomains: readonly TrustDomainOptions[]
  /** Who we are to workloads that come with a JWT-SVID: one of these must be in its `aud`. Without it, no JWT-SVID is taken. */
  readonly audience?: string | readonly string[]
  /**
   * A workload that shows its certificate and no token is authenticated by that. Needs `clientCertificate`.
   * @defaultValue false
   */
  readonly withoutToken?: boolean
}

/** One trust domain, and where its bundle is: in one of three places. */
export interface TrustDomainOptions {
  /** Its name, without `spiffe://`: `'prod.example'`. */
  readonly trustDomain: string
  /** A bundle endpoint (SPIFFE Trust Domain and Bundle §5, `https_web`): fetched and refreshed as keys are. */
  readonly bundleUrl?: string
  /** A file: authorities in PEM, or a bundle in JSON. It may be replaced at any time. */
  readonly bundleFile?: string
  /** The bundle itself. */
  readonly bundle?: InlineJwks
  /** How long a fetched bundle lives; of a file, `staleSeconds` alone. */
  readonly keyLifetimes?: KeyLifetimeOptions
}

/** A trust domain, judged. */
export interface TrustDomain {
  readonly name: string
  /** Absent where a trusted proxy has verified its workloads. */
  readonly bundle: TrustBundleSource | undefined
  /** What its JWT-SVIDs are judged by; absent where none is taken. */
  readonly record: IssuerRecord | undefined
}

/** {@link SpiffeOptions}, judged. */
export interface SpiffeSettings {
  readonly trustDomains: ReadonlyMap<string, TrustDomain>
  readonly withoutToken: boolean
}

const optionNames = ['trustDomains', 'audience', 'withoutToken'] as const satisfies readonly (keyof SpiffeOptions)[]
const domainOptionNames = [
  'trustDomain',
  'bundleUrl',
  'bundleFile',
  'bundle',
  'keyLifetimes',
] as const satisfies readonly (keyof TrustDomainOptions)[]

/** JWT-SVID §2.1. */
const algorithms: ReadonlySet<string> = new Set([
  ...['RS256', 'RS384', 'RS512', 'ES256', 'ES384', 'ES512', 'PS256', 'PS384', 'PS512'],
])
/** JWT-SVID §2: whatever else a header holds has no place there. */
const headerNames: ReadonlySet<string> = new Set(['alg', 'kid', 'typ'])

/**
 * Judges which workloads are known.
 *
 * @param place - where their certificates are read
 * @throws ConfigurationError
 */
export function judgeSpiffe(
  options: SpiffeOptions,
  place: CertificatePlace | undefined,
  context: IssuerContext,
): SpiffeSettings {
  if (typeof options !== 'object' || options === null) throw new ConfigurationError('`spiffe` must be an object')
  requireKnownOptions(options, optionNames, '`spiffe`')
  const { trustDomains, withoutToken = false } = options
  const audiences = options.audience === undefined ? undefined : requireStrings(options.audience, '`spiffe.audience`')
  if (typeof withoutToken !== 'boolean') throw new ConfigurationError('`spiffe.withoutToken` must be true or false')
  if (place === undefined && withoutToken)
    throw new ConfigurationError(
      '`spiffe.withoutToken` needs `clientCertificate`, where certificates of workloads are read',
    )
  if (place === undefined && audiences === undefined)
    throw new ConfigurationError(
      '`spiffe` needs `clientCertificate`, where certificates of workloads are read, or an `audience` for JWT-SVIDs',
    )
  if (!Array.isArray(trustDomains) || trustDomains.length === 0)
    throw new ConfigurationError('`spiffe.trustDomains` must be an array of at least one trust domain')
  const byName = new Map<string, TrustDomain>()
  for (const each of trustDomains as readonly TrustDomainOptions[]) {
    const domain = judgeTrustDomain(each, audiences, place, context)
    if (byName.has(domain.name)) throw new ConfigurationError(`${domain.name}: two records with one \`trustDomain\``)
    byName.set(domain.name, domain)
  }
  return Object.freeze({ trustDomains: byName, withoutToken })
}

function judgeTrustDomain(
  options: TrustDomainOptions,
  audiences: readonly string[] | undefined,
  place: CertificatePlace | undefined,
  context: IssuerContext,
): TrustDomain {
  if (typeof options !== 'object' || options === null)
    throw new ConfigurationError('each of `spiffe.trustDomains` must be an object')
  requireKnownOptions(options, domainOptionNames, 'a trust domain')
  const { trustDomain: name } = options
  if (!isTrustDomain(name))
    throw new ConfigurationError(`\`trustDomain\` must be a name such as 'prod.example'${withoutScheme(name)}`)
  const bundle = createBundle(name, options, context)
  if (bundle === undefined && (audiences !== undefined || place?.header !== 'x-forwarded-client-cert'))
    throw new ConfigurationError(
      `${name}: give one of \`bundleUrl\`, \`bundleFile\` and \`bundle\`, which say who vouches for its workloads`,
    )
  return Object.freeze({
    name,
    bundle,
    record: audiences && bundle && createSvidRecord(`spiffe://${name}`, new Set(audiences), bundle),
  })
}

/** SPIFFE-ID §2.1 */
function isTrustDomain(name: unknown): boolean {
  return typeof name === 'string' && parseSpiffeId(`spiffe://${name}`)?.path === ''
}

function withoutScheme(name: unknown): string {
  const prefix = 'spiffe://'
  if (typeof name !== 'string' || !name.startsWith(prefix)) return ''
  const [domain = ''] = name.slice(prefix.length).split('/')
  if (!isTrustDomain(domain)) return ''
  return didYouMean(domain, [domain], "'")
}

function createBundle(
  name: string,
  options: TrustDomainOptions,
  context: IssuerContext,
): TrustBundleSource | undefined {
  const { bundleUrl, bundleFile: path, bundle } = options
  const issuer = `spiffe://${name}`
  if ([bundleUrl, path, bundle].filter((source) => source !== undefined).length > 1)
    throw new ConfigurationError(`${name}: give one of \`bundleUrl\`, \`bundleFile\` and \`bundle\``)
  if (options.keyLifetimes !== undefined && bundleUrl === undefined && path === undefined)
    throw new ConfigurationError(`${name}: \`keyLifetimes\` goes with a bundle that is fetched, or in a file`)
  if (path !== undefined && Object.keys(options.keyLifetimes ?? {}).some((name) => name !== 'staleSeconds'))
    throw new ConfigurationError(`${name}: of \`keyLifetimes\`, \`staleSeconds\` alone goes with a bundle in a file`)
  const lifetimes = requireLifetimes(options.keyLifetimes, `${name}: \`keyLifetimes`)
  if (bundle !== undefined) return inlineBundle(name, bundle)
  if (path !== undefined) {
    if (typeof path !== 'string' || path === '') throw new ConfigurationError(`${name}: \`bundleFile\` must be a path`)
    return new BundleFile({ issuer, path, staleSeconds: lifetimes.staleSeconds, stopwatch: context.stopwatch })
  }
  if (bundleUrl === undefined) return undefined
  const url = requireUrl(bundleUrl, `${name}: \`bundleUrl\``)
  const { keySets: documents, ...means } = context
  return new RemoteJwkSet({
    ...means,
    documents,
    source: { issuer, location: url.href },
    isSource: ({ href }) => href === url.href,
    lifetimes,
    parse: parseTrustBundle,
    locate: async () => url,
  })
}

function inlineBundle(name: string, bundle: InlineJwks): TrustBundleSource {
  if (typeof bundle !== 'object' || bundle === null)
    throw new ConfigurationError(`${name}: \`bundle\` must be an object`)
  try {
    const { set, skipped } = parseTrustBundle(bundle as unknown as JsonObject)
    if (skipped[0] !== undefined) throw new Error(skipped[0].reason)
    if (set.size + set.authorities.length === 0) throw new Error('it holds no key with `use` x509-svid or jwt-svid')
    return set
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : 'it is no bundle'
    throw new ConfigurationError(`${name}: \`bundle\` can't be used: ${reason}`, { cause })
  }
}

/** What a JWT-SVID is judged by: as an access token of an issuer that has the name of the trust domain. */
function createSvidRecord(issuer: string, audiences: ReadonlySet<string>, keys: TrustBundleSource): IssuerRecord {
  return Object.freeze({
    issuer,
    algorithms,
    tokenTypes: new Set(jwtSvidProfile.tokenTypes),
    headerNames,
    keys,
    dangerouslyAllowKeyHeaders: false,
    rules: Object.freeze({
      issuer,
      audiences,
      profile: jwtSvidProfile,
      requiredClaims: [],
      clockToleranceSeconds: 30,
      maxTokenAgeSeconds: undefined,
      maxTokenLifetimeSeconds: undefined,
      scopes: [],
      roles: [],
    }),
    statusLists: undefined,
    dpop: 'off',
    introspection: undefined,
  })
}
