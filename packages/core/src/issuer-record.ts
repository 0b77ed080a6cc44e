// One trusted issuer: what a developer writes about it, judged once and frozen. Trust is per issuer, so keys, audiences,
// algorithms, token types and time live here and nowhere else.

import type { ClaimPath } from './claims/claim-path.js'
import { type TokenProfileName, tokenProfiles } from './claims/token-profile.js'
import type { ClaimRules } from './claims/validate-claims.js'
import { ConfigurationError } from './errors.js'
import type { DpopMode } from './holders.js'
import { type IntrospectionOptions, type IntrospectionSettings, judgeIntrospection } from './introspection-options.js'
import { createKeySet, type IssuerContext, type KeySourceOptions } from './issuer-keys.js'
import { type Algorithm, secretAlgorithms, supportedAlgorithms } from './jose/algorithms.js'
import type { TrustedIssuer } from './keys/trusted-issuer.js'
import { requireKnownOptions, requireSeconds, requireStrings } from './option-checks.js'
import type { IssuerStatusLists } from './revocation/status-list-check.js'
import { createStatusLists, type StatusListOptions } from './status-lists.js'

/** What is trusted about one issuer. */
export interface TrustedIssuerOptions extends KeySourceOptions {
  /**
   * `iss` of its tokens, to the letter. For discovery it is an https URL. With {@link tenants} it holds `{tenant}`, as in
   * `https://login.microsoftonline.com/{tenant}/v2.0`.
   */
  readonly issuer: string
  /** Fills `{tenant}` of the issuer: each one is trusted as an issuer of its own. */
  readonly tenants?: readonly string[]
  /** Who we are to this issuer: one of these must be in `aud` (RFC 7519 §4.1.3). */
  readonly audience: string | readonly string[]
  /**
   * Algorithms it may sign with.
   *
   * @defaultValue every asymmetric algorithm of RFC 7518, RFC 8037 and RFC 9964 that the running Node verifies
   */
  readonly algorithms?: readonly Algorithm[]
  /** How its access tokens look. @defaultValue `'rfc9068'` */
  readonly profile?: TokenProfileName
  /** Claims that must be there, beside `iss`, `aud`, `exp` and those of the profile. */
  readonly requiredClaims?: readonly string[]
  /** How far its clock and ours may differ, 0 to 300 seconds. @defaultValue 30 */
  readonly clockToleranceSeconds?: number
  /** Greatest age since `iat`, in seconds; makes `iat` required. Not limited by default. */
  readonly maxTokenAgeSeconds?: number
  /** How far ahead `exp` may lie, in seconds. Not limited by default. */
  readonly maxTokenLifetimeSeconds?: number
  /** Claims that grant scopes, all of them together. @defaultValue by profile; `[['scope'], ['scp']]` */
  readonly scopeClaims?: readonly ClaimPath[]
  /** Claims that grant roles, all of them together. @defaultValue by profile; `[['roles']]` */
  readonly roleClaims?: readonly ClaimPath[]
  /**
   * Tolerates `jku`, `jwk`, `x5u` and `x5c` in the header of a token, for issuers that cannot leave them out. They are
   * ignored then, never followed. @defaultValue false
   */
  readonly dangerouslyAllowKeyHeaders?: boolean
  /**
   * Asks the status list that a token names with `status` (draft-ietf-oauth-status-list-20). `true`: lists are on the host of the
   * issuer, and signed with its keys. Off by default: then `status` is not looked at.
   */
  readonly statusLists?: true | StatusListOptions
  /**
   * Proofs of possession (RFC 9449). `'supported'`: a token that is bound to a key passes with a proof of that key, and never
   * without; others pass as they are. `'required'`: only bound tokens pass. `'off'`: bound tokens are refused.
   *
   * @defaultValue `'supported'` with `publicUrl`, `'off'` without
   */
  readonly dpop?: DpopMode
  /**
   * Asks the issuer about tokens that are no JWTs (RFC 7662). One issuer of a verifier at most: nothing in such a token says whose
   * it is. Off by default: then such tokens are malformed.
   */
  readonly introspection?: IntrospectionOptions
}

/** {@link TrustedIssuerOptions}, judged. */
export interface IssuerRecord extends TrustedIssuer {
  readonly rules: ClaimRules
  readonly statusLists: IssuerStatusLists | undefined
  readonly dpop: DpopMode
  readonly introspection: IntrospectionSettings | undefined
}

const optionNames = [
  'issuer',
  'tenants',
  'audience',
  'discoveryUrl',
  'jwksUri',
  'jwks',
  'secret',
  'algorithms',
  'profile',
  'requiredClaims',
  'clockToleranceSeconds',
  'maxTokenAgeSeconds',
  'maxTokenLifetimeSeconds',
  'scopeClaims',
  'roleClaims',
  'keyLifetimes',
  'dangerouslyAllowKeyHeaders',
  'statusLists',
  'dpop',
  'introspection',
] as const satisfies readonly (keyof TrustedIssuerOptions)[]

/** Names of the options that say something about one issuer. */
export const issuerOptionNames: readonly (keyof TrustedIssuerOptions)[] = optionNames

/**
 * Judges the options of one issuer; with tenants they come to one record a tenant.
 *
 * @param hasPublicUrl - whether it is known for which URL proofs are made
 * @throws ConfigurationError
 */
export function createIssuerRecords(
  options: TrustedIssuerOptions,
  context: IssuerContext,
  hasPublicUrl = false,
): readonly IssuerRecord[] {
  if (typeof options !== 'object' || options === null)
    throw new ConfigurationError('each of `issuers` must be an object')
  requireKnownOptions(options, optionNames, 'an issuer')
  return issuerNames(options).map((issuer) => createIssuerRecord(issuer, options, context, hasPublicUrl))
}

function createIssuerRecord(
  issuer: string,
  options: TrustedIssuerOptions,
  context: IssuerContext,
  hasPublicUrl: boolean,
): IssuerRecord {
  const algorithms = acceptedAlgorithms(issuer, options)
  const profile = tokenProfiles.get(options.profile ?? 'rfc9068')
  if (profile === undefined) {
    throw new ConfigurationError(`${issuer}: \`profile\` must be one of ${[...tokenProfiles.keys()].join(', ')}`)
  }
  const rules: ClaimRules = {
    issuer,
    audiences: new Set(requireStrings(options.audience, `${issuer}: \`audience\``)),
    profile,
    requiredClaims:
      options.requiredClaims === undefined
        ? []
        : requireStrings(options.requiredClaims, `${issuer}: \`requiredClaims\``),
    clockToleranceSeconds: requireSeconds(
      options.clockToleranceSeconds ?? 30,
      `${issuer}: \`clockToleranceSeconds\``,
      0,
      300,
    ),
    maxTokenAgeSeconds: optionalSeconds(options.maxTokenAgeSeconds, `${issuer}: \`maxTokenAgeSeconds\``),
    maxTokenLifetimeSeconds: optionalSeconds(options.maxTokenLifetimeSeconds, `${issuer}: \`maxTokenLifetimeSeconds\``),
    scopes: claimPaths(options.scopeClaims, `${issuer}: \`scopeClaims\``) ?? profile.scopes,
    roles: claimPaths(options.roleClaims, `${issuer}: \`roleClaims\``) ?? profile.roles,
  }
  const trusted: TrustedIssuer = {
    issuer,
    algorithms: new Set<string>(algorithms),
    tokenTypes: new Set(profile.tokenTypes),
    dangerouslyAllowKeyHeaders: options.dangerouslyAllowKeyHeaders === true,
    keys: createKeySet(issuer, options.issuer, options, algorithms, context),
  }
  const { clockToleranceSeconds } = rules
  const statusLists = createStatusLists(trusted, clockToleranceSeconds, options.statusLists, algorithms, context)
  const dpop = dpopMode(issuer, options.dpop, hasPublicUrl)
  const introspection =
    options.introspection === undefined
      ? undefined
      : judgeIntrospection(issuer, options.issuer, options.introspection, options)
  return Object.freeze({ ...trusted, rules: Object.freeze(rules), statusLists, dpop, introspection })
}

const dpopModes: readonly DpopMode[] = ['required', 'supported', 'off']

function dpopMode(issuer: string, mode: DpopMode | undefined, hasPublicUrl: boolean): DpopMode {
  if (mode === undefined) return hasPublicUrl ? 'supported' : 'off'
  if (!dpopModes.includes(mode))
    throw new ConfigurationError(`${issuer}: \`dpop\` must be one of ${dpopModes.join(', ')}`)
  if (mode === 'off' || hasPublicUrl) return mode
  throw new ConfigurationError(`${issuer}: \`dpop\` needs \`publicUrl\`: proofs are made for it`)
}

/** The issuers that a record stands for. */
function issuerNames({ issuer, tenants }: TrustedIssuerOptions): readonly string[] {
  if (typeof issuer !== 'string' || issuer === '')
    throw new ConfigurationError('`issuer` must be a string, and not empty')
  const isTemplate = issuer.includes('{tenant}')
  if (isTemplate !== (tenants !== undefined)) {
    throw new ConfigurationError(
      `${issuer}: \`tenants\` goes with an issuer that holds {tenant}, and the other way round`,
    )
  }
  if (tenants === undefined) return [issuer]
  const names = requireStrings(tenants, `${issuer}: \`tenants\``)
  for (const tenant of names) {
    if (!/^[A-Za-z0-9._-]+$/.test(tenant) || /^\.+$/.test(tenant))
      throw new ConfigurationError(`${issuer}: a tenant is one segment of a URL`)
  }
  return names.map((tenant) => issuer.replaceAll('{tenant}', tenant))
}

function acceptedAlgorithms(issuer: string, { algorithms, secret }: TrustedIssuerOptions): readonly Algorithm[] {
  const supported = supportedAlgorithms()
  if (algorithms === undefined) {
    if (secret !== undefined)
      throw new ConfigurationError(`${issuer}: \`secret\` needs \`algorithms\`, such as ['HS256']`)
    return supported
  }
  const known: readonly string[] = secret === undefined ? supported : [...secretAlgorithms.keys()]
  for (const name of requireStrings(algorithms, `${issuer}: \`algorithms\``)) {
    if (known.includes(name)) continue
    throw new ConfigurationError(
      `${issuer}: \`algorithms\` may list ${known.join(', ')} here, not ${JSON.stringify(name)}`,
    )
  }
  return algorithms
}

function optionalSeconds(value: number | undefined, what: string): number | undefined {
  return value === undefined ? undefined : requireSeconds(value, what, 1, Number.MAX_SAFE_INTEGER)
}

function claimPaths(paths: readonly ClaimPath[] | undefined, what: string): readonly ClaimPath[] | undefined {
  if (paths === undefined) return undefined
  if (!Array.isArray(paths)) throw new ConfigurationError(`${what} must be an array of paths`)
  for (const path of paths) {
    if (Array.isArray(path)) requireStrings(path, `each path of ${what}`)
    else throw new ConfigurationError(`each path of ${what} is an array of names, such as ['realm_access', 'roles']`)
  }
  return paths
}
