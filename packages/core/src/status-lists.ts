// Where the status lists of an issuer are, and who signs them. Put together here, because it takes the keys of the issuer and the
// way it is reached; what a list says is judged in `revocation/`.
import { setMaxListeners } from 'node:events'
import { ConfigurationError } from './errors.js'
import { createKeySet, type IssuerContext, type KeySourceOptions } from './issuer-keys.js'
import type { Algorithm } from './jose/algorithms.js'
import { CompactJwsDecoder } from './jose/compact-jws.js'
import { verifySignature } from './jose/signature.js'
import { fetchBytes } from './keys/fetch-document.js'
import { isFetchable } from './keys/issuer-metadata.js'
import { readClaimsSet, requireHeader, type TrustedIssuer } from './keys/trusted-issuer.js'
import { requireKnownOptions, requireSeconds, requireStrings } from './option-checks.js'
import { type ProvenStatusList, RemoteStatusLists } from './revocation/remote-status-lists.js'
import type { IssuerStatusLists } from './revocation/status-list-check.js'

/** Who signs the status lists of an issuer in its place. */
export interface StatusListSignerOptions extends Omit<KeySourceOptions, 'secret'> {
  /** `iss` of its lists, if they have one; without keys, where its metadata is. */
  readonly issuer: string
}

/** How the status lists of one issuer are asked. */
export interface StatusListOptions {
  /** Hosts that keep its lists, with the port where it is not that of https. @defaultValue the host of `issuer` */
  readonly allowedHosts?: readonly string[]
  /** Who signs its lists. @defaultValue the issuer, with the keys of its tokens */
  readonly signer?: StatusListSignerOptions
  /** A list is kept so long at least, whatever it says, 1 to 86400 seconds. @defaultValue 15 */
  readonly leastLifetimeSeconds?: number
  /** A list is asked for again after so long at most: a revocation takes no longer. @defaultValue 300 */
  readonly greatestLifetimeSeconds?: number
  /** A list that cannot be had any more is believed for so long beyond its lifetime, and never beyond its `exp`. @defaultValue 300 */
  readonly staleSeconds?: number
  /** A fetch is given up after so long. @defaultValue 5 */
  readonly timeoutSeconds?: number
  /** Bound of one list in memory: four million tokens with one bit take half a MiB. @defaultValue 4194304 */
  readonly maxListBytes?: number
  /**
   * Statuses that let a token pass beside 0, of those that mean what an application says: 3, and 12 to 15. All others, those
   * of later registrations too, are refused. @defaultValue none
   */
  readonly dangerouslyAllowStatuses?: readonly number[]
}

const durations = ['leastLifetimeSeconds', 'greatestLifetimeSeconds', 'staleSeconds', 'timeoutSeconds'] as const
const optionNames: readonly (keyof StatusListOptions)[] = [
  'allowedHosts',
  'signer',
  ...durations,
  'maxListBytes',
  'dangerouslyAllowStatuses',
]
const signerOptionNames = ['issuer', 'discoveryUrl', 'jwksUri', 'jwks', 'keyLifetimes'] as const
const defaults = { leastLifetimeSeconds: 15, greatestLifetimeSeconds: 300, staleSeconds: 300, timeoutSeconds: 5 }

/** The list is base64 within base64, and claims stand around it. */
const tokenBytes = (listBytes: number): number => 2 * listBytes + 16_384

/**
 * Builds what asks the status lists of an issuer; `undefined` where the options say nothing of them.
 *
 * @param algorithms - with which the issuer, or who signs in its place, may sign
 * @throws ConfigurationError
 */
export function createStatusLists(
  issuer: TrustedIssuer,
  clockToleranceSeconds: number,
  options: StatusListOptions | true | undefined,
  algorithms: readonly Algorithm[],
  context: IssuerContext,
): IssuerStatusLists | undefined {
  if (options === undefined) return undefined
  const what = `${issuer.issuer}: \`statusLists\``
  const judged = options === true ? {} : options
  if (typeof judged !== 'object' || judged === null)
    throw new ConfigurationError(`${what} must be true, or an object with options`)
  requireKnownOptions(judged, optionNames, what)
  const bounds = requireBounds(judged, what)
  const isAllowed = allowedPlaces(issuer.issuer, judged.allowedHosts, what)
  const signer = judged.signer === undefined ? issuer : signerRecord(issuer, judged.signer, algorithms, context, what)
  const typed = { ...signer, tokenTypes: new Set(['statuslist+jwt']) } // draft-ietf-oauth-status-list-20 §5.1
  const closing = new AbortController()
  setMaxListeners(0, closing.signal) // one for each fetch, and those are bounded
  const { fetch, clock, stopwatch } = context
  const fetchContext = { fetch, timeoutSeconds: bounds.timeoutSeconds, signal: closing.signal }
  const greatestBytes = tokenBytes(bounds.greatestBytes)
  const lists = new RemoteStatusLists({
    issuer: issuer.issuer,
    signer: signer.issuer,
    clockToleranceSeconds,
    bounds,
    clock,
    stopwatch,
    async fetch(url, held) {
      const request = { accept: 'application/statuslist+jwt', greatestBytes, etag: held } // §8.1
      const { bytes, etag, lifetimeSeconds } = await fetchBytes(url, fetchContext, request)
      return { token: bytes?.toString('latin1').trim(), etag, lifetimeSeconds }
    },
    prove: (token) => proveList(token, typed, greatestBytes),
  })
  const close = (): void => {
    closing.abort()
    if (signer !== issuer) signer.keys.close()
  }
  return { lists, isAllowed, acceptedStatuses: requireStatuses(judged.dangerouslyAllowStatuses, what), close }
}

/** Steps 2 to 5 of the staircase, for a token that need not name its issuer (§5.1, §8.3 step 3). */
async function proveList(token: string, signer: TrustedIssuer, greatestBytes: number): Promise<ProvenStatusList> {
  const unverified = readClaimsSet(new CompactJwsDecoder(greatestBytes).decode(token)) // RFC 7515 §5.2, RFC 7519 §7.2
  requireHeader(unverified.unverifiedHeader, signer) // RFC 8725 §3.1, §3.10, §3.11
  const key = await signer.keys.keyFor(unverified.unverifiedHeader) // RFC 7515 §4.1.4
  const verified = verifySignature(unverified, key) // RFC 7515 §5.2 step 8
  return { claims: verified.unverifiedClaims, isStanding: (now) => signer.keys.holds(key, now) }
}

function signerRecord(
  issuer: TrustedIssuer,
  options: StatusListSignerOptions,
  algorithms: readonly Algorithm[],
  context: IssuerContext,
  what: string,
): TrustedIssuer {
  if (typeof options !== 'object' || options === null) throw new ConfigurationError(`${what}.signer must be an object`)
  requireKnownOptions(options, signerOptionNames, `\`signer\` of ${what}`)
  const [name] = requireStrings(options.issuer, `\`issuer\` of ${what}.signer`) as readonly [string]
  return { ...issuer, issuer: name, keys: createKeySet(name, name, options, algorithms, context) }
}

/** A token of the issuer could otherwise send us anywhere, into our own network too. */
function allowedPlaces(
  issuer: string,
  allowedHosts: readonly string[] | undefined,
  what: string,
): (url: URL) => boolean {
  if (allowedHosts === undefined && !URL.canParse(issuer))
    throw new ConfigurationError(`${what} needs \`allowedHosts\`: the issuer is no URL`)
  const named =
    allowedHosts === undefined ? [new URL(issuer).host] : requireStrings(allowedHosts, `${what}.allowedHosts`)
  const hosts = new Set(named.map((name) => requireHost(name, what)))
  return (url) => hosts.has(url.host) && isFetchable(url) && url.username === '' && url.password === ''
}

function requireHost(name: string, what: string): string {
  const host = URL.canParse(`https://${name}`) ? new URL(`https://${name}`).host : undefined
  if (host !== undefined && host === name.toLowerCase()) return host // nothing before it, nothing behind it
  throw new ConfigurationError(`${what}.allowedHosts lists hosts, such as status.example.com or localhost:8080`)
}

function requireBounds(options: StatusListOptions, what: string): typeof defaults & { readonly greatestBytes: number } {
  for (const name of durations) {
    if (options[name] === undefined) continue
    requireSeconds(options[name], `${what}.${name}`, name === 'staleSeconds' ? 0 : 1, 86_400)
  }
  const { maxListBytes: greatestBytes = 4_194_304 } = options
  if (!Number.isSafeInteger(greatestBytes) || greatestBytes < 1 || greatestBytes > 67_108_864)
    throw new ConfigurationError(`${what}.maxListBytes must be a whole number of bytes, 1 to 67108864`)
  const given = durations.flatMap((name) => (options[name] === undefined ? [] : [[name, options[name]]]))
  const bounds = { ...defaults, ...(Object.fromEntries(given) as Partial<typeof defaults>), greatestBytes }
  if (bounds.leastLifetimeSeconds <= bounds.greatestLifetimeSeconds) return bounds
  throw new ConfigurationError(`${what}: \`leastLifetimeSeconds\` is greater than \`greatestLifetimeSeconds\``)
}

/** §7.1: what the others mean is said by the registry. */
const applicationStatuses: ReadonlySet<unknown> = new Set([3, 12, 13, 14, 15])

function requireStatuses(statuses: readonly number[] | undefined, what: string): ReadonlySet<number> {
  if (statuses === undefined) return new Set()
  if (Array.isArray(statuses) && statuses.every((status) => applicationStatuses.has(status))) return new Set(statuses)
  throw new ConfigurationError(`${what}.dangerouslyAllowStatuses lists statuses of applications: 3, 12, 13, 14, 15`)
}
