// The options of a verifier, assembled from those of the rooms, judged once and frozen. What is not understood is
// refused; what is left out is safe.
import type { StandardSchemaV1 } from '@standard-schema/spec'
import { type AddressRanges, createAddressRanges } from './addresses.js'
import { AttemptLimit, judgeFailedAttempts } from './attempts/attempt-limit.js'
import { judgeCertificateSource } from './binding/client-certificate.js'
import { judgeProofs } from './binding/proof-options.js'
import { type Clock, systemClock } from './clock.js'
import { stateFromEnvironment } from './environment.js'
import { ConfigurationError } from './errors.js'
import { Holders, type ProofSettings } from './holders.js'
import type { IssuerContext } from './issuer-keys.js'
import { type IssuerRecord, issuerOptionNames } from './issuer-record.js'
import { defaultMaxTokenBytes } from './jose/compact-jws.js'
import { createDecrypter, type Decrypter } from './jose/nested-jwe.js'
import type { KeySet } from './keys/jwk-set.js'
import { OpaqueTokens } from './opaque-tokens.js'
import { requireKnownOptions } from './option-checks.js'
import { type Policy, requirePolicyNode } from './policy/policy.js'
import { PolicySet, type PolicySource, requireKnownUses } from './policy/policy-set.js'
import { bearerMethodsOf, requireSources } from './request/credential-sources.js'
import type { CredentialPlaces } from './request/extract-credential.js'
import { judgePublicUrl } from './request/public-url.js'
import { createResourceMetadata, type ResourceMetadata } from './resource-metadata.js'
import { bearerRules, type ChallengeRules, isQuotable } from './response/challenge.js'
import type { OutsideCheck } from './revocation/outside-check.js'
import { statusListChecks } from './revocation/status-list-check.js'
import { SubjectCheck } from './revocation/subject-check.js'
import { judgeSubjects } from './revocation/subject-options.js'
import { createMemoryState } from './state/memory-state.js'
import type { State } from './state/state.js'
import { judgeSpiffe } from './trust-domains.js'
import { introspectedIssuer, issuerContextOf, trustedIssuers } from './trusted-issuers.js'
import { settingNames, type VerifierOptions, type VerifierSettings } from './verifier-options.js'
import { Workloads } from './workloads.js'

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
  for (const { name } of trustDomains) {
    // What is revoked of one would be revoked of the other.
    if (issuers.has(`spiffe://${name}`))
      throw new ConfigurationError(`spiffe://${name}: an issuer has the name of a trust domain`)
  }
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

function requireRealm(realm: string): string {
  if (typeof realm === 'string' && isQuotable(realm)) return realm
  throw new ConfigurationError('`realm` must be printable ASCII without quotes and backslashes')
}

function requireBytes(value: number, what: string, least: number): number {
  if (Number.isSafeInteger(value) && value >= least) return value
  throw new ConfigurationError(`${what} must be a whole number of bytes, ${least} or more`)
}
