// The options of a verifier, assembled from those of the rooms, judged once and frozen. What is not understood is
// refused; what is left out is safe.
import type { StandardSchemaV1 } from '@standard-schema/spec'
import { type AddressRanges, createAddressRanges } from './addresses.js'
import { AttemptLimit, type FailedAttemptsOptions, judgeFailedAttempts } from './attempts/attempt-limit.js'
import { type ClientCertificateSource, judgeCertificateSource } from './binding/client-certificate.js'
import { type DpopProofOptions, judgeProofs } from './binding/proof-options.js'
import { type Clock, monotonicClock, pause, systemClock } from './clock.js'
import type { Principal } from './decision.js'
import { stateFromEnvironment } from './environment.js'
import { ConfigurationError } from './errors.js'
import { Holders, type ProofSettings } from './holders.js'
import type { IssuerContext } from './issuer-keys.js'
import {
  createIssuerRecords,
  type IssuerRecord,
  issuerOptionNames,
  type TrustedIssuerOptions,
} from './issuer-record.js'
import { defaultMaxTokenBytes } from './jose/compact-jws.js'
import { createDecrypter, type Decrypter, type DecryptionOptions } from './jose/nested-jwe.js'
import type { Fetch } from './keys/fetch-document.js'
import type { KeySet } from './keys/jwk-set.js'
import { OpaqueTokens } from './opaque-tokens.js'
import { requireKnownOptions } from './option-checks.js'
import { type Policy, requirePolicyNode } from './policy/policy.js'
import { PolicySet, type PolicySource, requireKnownUses } from './policy/policy-set.js'
import type { CredentialPlaces, CredentialSource } from './request/extract-credential.js'
import { judgePublicUrl, type PublicUrl } from './request/public-url.js'
import { createResourceMetadata, type ResourceMetadata, type ResourceOptions } from './resource-metadata.js'
import { bearerRules, type ChallengeRules, isQuotable } from './response/challenge.js'
import type { OutsideCheck } from './revocation/outside-check.js'
import { statusListChecks } from './revocation/status-list-check.js'
import { SubjectCheck } from './revocation/subject-check.js'
import { judgeSubjects, type SubjectsOptions } from './revocation/subject-options.js'
import type { KeySetDocuments } from './state/key-set-documents.js'
import { createMemoryState } from './state/memory-state.js'
import type { State } from './state/state.js'
import { judgeSpiffe, type SpiffeOptions } from './trust-domains.js'
import { Workloads } from './workloads.js'

/** The options that are not about one issuer. */
export interface VerifierSettings<
  Schema extends StandardSchemaV1 | undefined = StandardSchemaV1 | undefined,
  Optional extends boolean = boolean,
> {
  /** Validates and types `auth.claims`: any Standard Schema (zod, valibot, arktype, …). */
  readonly claims?: Schema
  /** What every request must satisfy, unless its route says something else. */
  readonly policy?: Policy
  /** What `use('orders.read')` finds: a set of named policies, or a file of them. */
  readonly policies?: PolicySource
  /**
   * Addresses and ranges (CIDR) of the proxies before us, whose `X-Forwarded-For` is believed; `[]` where there are none.
   * Without it the client's address is not known.
   */
  readonly trustedProxies?: readonly string[]
  /**
   * Makes wait who sends bad tokens again and again: 429 from so many on, for an address (an IPv6 address: its /64) or for a
   * client with the subject it acts for. Tokens that were verified before pass all the same. Needs {@link trustedProxies}.
   * @defaultValue false: many may share one address, and only you know how many
   */
  readonly failedAttempts?: FailedAttemptsOptions | false
  /** A request without a credential passes as anonymous; a bad credential never does. @defaultValue false */
  readonly optional?: Optional
  /** Where a token may come from. @defaultValue `'authorization'` */
  readonly credentials?: CredentialSource | readonly CredentialSource[]
  /** Opens encrypted tokens (RFC 7519 §5.2). Off by default. */
  readonly decryption?: DecryptionOptions
  /** Bound of a token, in bytes. @defaultValue 16384 */
  readonly maxTokenBytes?: number
  /** Bound of the verified-token cache, in bytes; 0 turns it off. @defaultValue 33554432 (32 MiB) */
  readonly tokenCacheBytes?: number
  /** What is remembered beyond one request: what was revoked. @defaultValue a state of its own, in this process */
  readonly state?: State
  /** Whether the subject of a token still exists, in the user store of the application: asked for every token. Off by default. */
  readonly subjects?: SubjectsOptions
  /**
   * Where clients reach us, as they write it: `'https://api.example.com'`, with the path that a proxy takes away; or several; or
   * `'forwarded'`, for what {@link trustedProxies} say in `X-Forwarded-Proto` and `X-Forwarded-Host`. The proofs of holders are made
   * for it (RFC 9449 §4.3), and `Host` is whatever a client says.
   */
  readonly publicUrl?: PublicUrl
  /** What is asked of the proofs of holders, where an issuer's `dpop` asks for them. */
  readonly dpopProofs?: DpopProofOptions
  /**
   * Where the certificate of the client is read, for tokens that are bound to one (RFC 8705 §3): `'tls'` of our own server, or a
   * header of {@link trustedProxies}. Without it such tokens are refused.
   */
  readonly clientCertificate?: ClientCertificateSource
  /**
   * Workloads that are known by their SPIFFE IDs: by the certificate of the connection, where {@link clientCertificate} says where it
   * is read, and by JWT-SVIDs. Off by default.
   */
  readonly spiffe?: SpiffeOptions
  /**
   * Says what this API is, and who grants tokens for it, in metadata (RFC 9728) that adapters serve and challenges name. Off by
   * default; `{}` where the options say it all.
   */
  readonly resource?: ResourceOptions
  /** `realm` of challenges (RFC 9110 §11.5). @defaultValue `'api'` */
  readonly realm?: string
  /** The time, in seconds since the epoch. @defaultValue the clock of the machine */
  readonly clock?: Clock
  /** Gets metadata and keys. @defaultValue the `fetch` of Node */
  readonly fetch?: Fetch
}

/** Either one issuer, said at the top, or several, each with a record of its own. */
export type VerifierOptions<
  Schema extends StandardSchemaV1 | undefined = StandardSchemaV1 | undefined,
  Optional extends boolean = boolean,
> = VerifierSettings<Schema, Optional> &
  (
    | TrustedIssuerOptions
    | ({ readonly issuers: readonly TrustedIssuerOptions[] } & {
        readonly [Name in keyof TrustedIssuerOptions]?: never
      })
  )

/** What a verifier with such options answers as `auth`. */
export type AuthOf<Schema extends StandardSchemaV1 | undefined, Optional extends boolean> =
  | (Schema extends StandardSchemaV1 ? Principal<StandardSchemaV1.InferOutput<Schema>> : Principal)
  | (Optional extends true ? undefined : never)

/** {@link VerifierOptions}, judged. */
export interface VerifierConfiguration {
  readonly issuers: ReadonlyMap<string, IssuerRecord>
  readonly schema: StandardSchemaV1 | undefined
  readonly policy: Policy | undefined
  readonly policies: PolicySource | undefined
  readonly isTrustedProxy: AddressRanges | undefined
  readonly attemptLimit: AttemptLimit | undefined
  readonly optional: boolean
  readonly places: CredentialPlaces
  readonly holders: Holders
  /** Who is known of workloads; absent where no certificate of theirs is looked at. */
  readonly workloads: Workloads | undefined
  /** What JWT-SVIDs are judged by, by trust domain. */
  readonly svidRecords: ReadonlyMap<string, IssuerRecord>
  /** Of every issuer and trust domain. */
  readonly keySets: readonly KeySet[]
  readonly decrypt: Decrypter | undefined
  /** Asks about tokens that are no JWTs; absent where no issuer answers. */
  readonly opaqueTokens: OpaqueTokens | undefined
  readonly maxTokenBytes: number
  readonly tokenCacheBytes: number
  readonly state: State
  /** Whether nobody else has the state: it is closed with the verifier. */
  readonly ownsState: boolean
  /** What is asked of others about a verified token (step 8). */
  readonly outsideChecks: readonly OutsideCheck[]
  readonly challenge: ChallengeRules
  readonly resourceMetadata: ResourceMetadata | undefined
  readonly clock: Clock
  /** For the keys of those who send logout tokens and security events. */
  readonly issuerContext: IssuerContext
}

const settingNames: readonly (keyof VerifierSettings)[] = [
  'claims',
  'policy',
  'policies',
  'trustedProxies',
  'failedAttempts',
  'optional',
  'credentials',
  'decryption',
  'maxTokenBytes',
  'tokenCacheBytes',
  'state',
  'subjects',
  'publicUrl',
  'dpopProofs',
  'clientCertificate',
  'spiffe',
  'resource',
  'realm',
  'clock',
  'fetch',
]

/**
 * Judges options.
 *
 * @param environment - where the state is, if the options do not say
 * @throws ConfigurationError
 */
export function configure(options: VerifierOptions, environment: NodeJS.ProcessEnv = {}): VerifierConfiguration {
  if (typeof options !== 'object' || options === null) throw new ConfigurationError('the options must be an object')
  requireKnownOptions(options, [...settingNames, ...issuerOptionNames, 'issuers'], 'a verifier')
  const maxTokenBytes = requireBytes(options.maxTokenBytes ?? defaultMaxTokenBytes, '`maxTokenBytes`', 1)
  const policies = requirePolicies(options.policies)
  const policy = options.policy === undefined ? undefined : requirePolicyNode(options.policy)
  if (policy !== undefined) requireKnownUses(policy, policies)
  const optional = options.optional ?? false
  const clock = options.clock ?? systemClock
  if (typeof optional !== 'boolean') throw new ConfigurationError('`optional` must be true or false')
  if (optional && policy !== undefined) {
    throw new ConfigurationError('`optional` and `policy` contradict each other: nobody anonymous satisfies a policy')
  }
  const issuerContext = issuerContextOf(options, () => state.keySets)
  const failedAttempts = judgeFailedAttempts(options.failedAttempts)
  if (failedAttempts !== undefined && options.trustedProxies === undefined) {
    // An address that is not known is never limited, and nobody would notice.
    throw new ConfigurationError(
      '`failedAttempts` needs `trustedProxies`: the proxies before us, or [] where there are none',
    )
  }
  const isTrustedProxy = trustedProxies(options.trustedProxies)
  const proofs = judgeHolders(options, isTrustedProxy)
  const certificates =
    options.clientCertificate === undefined
      ? undefined
      : judgeCertificateSource(options.clientCertificate, isTrustedProxy)
  const issuers = trustedIssuers(options, issuerContext, proofs !== undefined)
  const spiffe = options.spiffe === undefined ? undefined : judgeSpiffe(options.spiffe, certificates, issuerContext)
  const trustDomains = [...(spiffe?.trustDomains.values() ?? [])]
  const subjects = options.subjects === undefined ? undefined : judgeSubjects(options.subjects)
  const introspected = introspectedIssuer(issuers)
  const sources = requireSources(options.credentials ?? 'authorization')
  const rules = challengeRules(requireRealm(options.realm ?? 'api'), issuers, proofs)
  const resourceMetadata =
    options.resource === undefined
      ? undefined
      : createResourceMetadata(options.resource, {
          issuers: [...issuers.keys()],
          audiences: [...issuers.values()].flatMap((issuer) => [...issuer.rules.audiences]),
          bearerMethods: bearerMethodsOf(sources),
          proofAlgorithms: rules.proofAlgorithms,
          proofsAreRequired: !rules.schemes.includes('bearer'),
          takesCertificates: certificates !== undefined,
        })
  const judged = {
    issuers,
    schema: requireSchema(options.claims),
    policy,
    policies,
    isTrustedProxy,
    workloads: spiffe && certificates && new Workloads(spiffe, certificates, clock),
    svidRecords: new Map(trustDomains.flatMap(({ name, record }) => (record === undefined ? [] : [[name, record]]))),
    keySets: [...issuers.values(), ...trustDomains.flatMap(({ bundle: keys }) => (keys ? [{ keys }] : []))].map(
      ({ keys }) => keys,
    ),
    optional,
    places: {
      sources,
      speaksDpop: [...issuers.values()].some(({ dpop }) => dpop !== 'off'),
    },
    decrypt: options.decryption === undefined ? undefined : createDecrypter(options.decryption, maxTokenBytes),
    maxTokenBytes,
    tokenCacheBytes: requireBytes(options.tokenCacheBytes ?? 33_554_432, '`tokenCacheBytes`', 0),
    ownsState: options.state === undefined,
    challenge: { ...rules, resourceMetadata: resourceMetadata?.url },
    resourceMetadata,
    clock,
    issuerContext,
  }
  // The last of all: a state that is made here has connections, and nobody would close it if something were wrong after it.
  const state =
    options.state === undefined
      ? (stateFromEnvironment(environment, clock) ?? createMemoryState({ clock }))
      : requireState(options.state)
  const attemptLimit = failedAttempts && new AttemptLimit(failedAttempts, state.attempts, clock)
  const outsideChecks: OutsideCheck[] = [...statusListChecks(issuers)]
  if (subjects !== undefined)
    outsideChecks.push(new SubjectCheck(subjects.exists, subjects.lifetimes, { verdicts: state.verdicts, clock }))
  const holders = new Holders({ proofs, certificates, replays: state.replays, clock })
  const { decrypt } = judged
  const opaqueTokens =
    introspected &&
    new OpaqueTokens(introspected.issuer, {
      settings: introspected.settings,
      context: issuerContext,
      verdicts: state.verdicts,
      decrypts: decrypt !== undefined,
      maxTokenBytes,
    })
  return Object.freeze({ ...judged, state, holders, attemptLimit, outsideChecks, opaqueTokens })
}

/** Nothing in an opaque token says whose it is, and one that is not ours to show is shown to nobody. */
function introspectedIssuer(issuers: ReadonlyMap<string, IssuerRecord>) {
  const [first, second] = [...issuers.values()].filter(({ introspection }) => introspection !== undefined)
  if (second !== undefined)
    throw new ConfigurationError(`${second.issuer}: one issuer of a verifier may have \`introspection\``)
  return first?.introspection && { issuer: first, settings: first.introspection }
}

/** What proofs are judged by; absent where nobody has said under which URL we are reached. */
function judgeHolders(
  { publicUrl, dpopProofs }: VerifierSettings,
  isTrustedProxy: AddressRanges | undefined,
): ProofSettings | undefined {
  if (publicUrl !== undefined)
    return { proofs: judgeProofs(dpopProofs), publicOrigins: judgePublicUrl(publicUrl, isTrustedProxy), isTrustedProxy }
  if (dpopProofs === undefined) return undefined
  throw new ConfigurationError('`dpopProofs` needs `publicUrl`: proofs are made for it')
}

function challengeRules(
  realm: string,
  issuers: ReadonlyMap<string, IssuerRecord>,
  settings: ProofSettings | undefined,
): ChallengeRules {
  const modes = new Set([...issuers.values()].map(({ dpop }) => dpop))
  if (settings === undefined || (modes.size === 1 && modes.has('off'))) return bearerRules(realm)
  const proofAlgorithms = [...settings.proofs.algorithms]
  return { realm, schemes: modes.size === 1 && modes.has('required') ? ['dpop'] : ['bearer', 'dpop'], proofAlgorithms }
}

function requireState(state: unknown): State {
  const methods = ['revoke', 'isRevoked', 'onRevoked', 'ready', 'health', 'close'] as const
  const isState =
    typeof state === 'object' &&
    state !== null &&
    methods.every((name) => typeof (state as Partial<Record<string, unknown>>)[name] === 'function')
  if (isState) return state as State
  throw new ConfigurationError('`state` must be a state, such as createMemoryState() makes')
}

function issuerContextOf(
  { clock = systemClock, fetch = globalThis.fetch }: VerifierOptions,
  keySets: () => KeySetDocuments,
): IssuerContext {
  if (typeof clock !== 'function') throw new ConfigurationError('`clock` must be a function that answers seconds')
  if (typeof fetch !== 'function')
    throw new ConfigurationError('`fetch` must be a function such as the `fetch` of Node')
  return { clock, stopwatch: monotonicClock, pause, fetch, keySets }
}

function trustedIssuers(
  options: VerifierOptions,
  context: IssuerContext,
  hasPublicUrl: boolean,
): ReadonlyMap<string, IssuerRecord> {
  const issuers = new Map<string, IssuerRecord>()
  for (const record of issuerOptions(options).flatMap((each) => createIssuerRecords(each, context, hasPublicUrl))) {
    if (issuers.has(record.issuer)) throw new ConfigurationError(`${record.issuer}: two records with one \`issuer\``)
    issuers.set(record.issuer, record)
  }
  return issuers
}

function issuerOptions(options: VerifierOptions): readonly TrustedIssuerOptions[] {
  const own = issuerOptionNames.filter((name) => options[name] !== undefined)
  if (!('issuers' in options) || options.issuers === undefined) {
    return [Object.fromEntries(own.map((name) => [name, options[name]])) as unknown as TrustedIssuerOptions]
  }
  if (own.length > 0) throw new ConfigurationError(`\`${own[0]}\` belongs into one of \`issuers\`, not beside them`)
  if (!Array.isArray(options.issuers) || options.issuers.length === 0) {
    throw new ConfigurationError('`issuers` must be an array of at least one issuer')
  }
  return options.issuers
}

function requireSchema(schema: StandardSchemaV1 | undefined): StandardSchemaV1 | undefined {
  if (schema === undefined || typeof schema?.['~standard']?.validate === 'function') return schema
  throw new ConfigurationError('`claims` must be a Standard Schema, such as z.object({ … })')
}

function requirePolicies(source: PolicySource | undefined): PolicySource | undefined {
  if (source === undefined || source?.current instanceof PolicySet) return source
  throw new ConfigurationError("`policies` must be a set of policies: policySet(…), or loadPolicies('policies.yaml')")
}

function trustedProxies(ranges: readonly string[] | undefined): AddressRanges | undefined {
  if (ranges === undefined) return undefined
  if (!Array.isArray(ranges)) throw new ConfigurationError('`trustedProxies` must be an array of addresses and ranges')
  return createAddressRanges(ranges, '`trustedProxies`')
}

function requireSources(sources: CredentialSource | readonly CredentialSource[]): readonly CredentialSource[] {
  const all = Array.isArray(sources) ? (sources as readonly CredentialSource[]) : [sources as CredentialSource]
  if (all.length > 0 && all.every(isSource)) return Object.freeze([...all])
  throw new ConfigurationError(
    "`credentials` must be 'authorization', { cookie }, { header }, { webSocketProtocol }, { dangerouslyAllowQuery } or a function",
  )
}

const sourceNames = ['cookie', 'header', 'webSocketProtocol', 'dangerouslyAllowQuery']

function isSource(source: unknown): boolean {
  if (source === 'authorization' || typeof source === 'function') return true
  if (typeof source !== 'object' || source === null) return false
  const [[name, value] = [], ...more] = Object.entries(source)
  return more.length === 0 && sourceNames.includes(String(name)) && typeof value === 'string' && value !== ''
}

/** RFC 9728 §2, of RFC 6750 §2: what stands elsewhere has no name there. */
function bearerMethodsOf(sources: readonly CredentialSource[]): readonly string[] {
  const isInQuery = (source: CredentialSource) => typeof source === 'object' && 'dangerouslyAllowQuery' in source
  return [...(sources.includes('authorization') ? ['header'] : []), ...(sources.some(isInQuery) ? ['query'] : [])]
}

function requireRealm(realm: string): string {
  if (typeof realm === 'string' && isQuotable(realm)) return realm
  throw new ConfigurationError('`realm` must be printable ASCII without quotes and backslashes')
}

function requireBytes(value: number, what: string, least: number): number {
  if (Number.isSafeInteger(value) && value >= least) return value
  throw new ConfigurationError(`${what} must be a whole number of bytes, ${least} or more`)
}
