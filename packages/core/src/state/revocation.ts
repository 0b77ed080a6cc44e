// What can be taken back, in words that every state shares: what a revocation says, and the names by which a token is
// found to be meant. How it is kept and how it travels is left to each state.
import { clientClaims } from '../claims/claim-path.js'
import { ConfigurationError } from '../errors.js'
import { requireKnownOptions } from '../option-checks.js'
import type { TokenFacts } from '../policy/facts.js'

/**
 * What is taken back: one token, every token of a session, every token that one key has signed, or every token of a subject,
 * a client or an issuer that was issued up to a moment. Values are compared to the letter.
 */
export type Revocation =
  | {
      /** `jti` (RFC 7519 §4.1.7). */
      readonly jti: string
      /** Whose token it is. @defaultValue every trusted issuer's */
      readonly issuer?: string
    }
  | {
      /** `sid` (OpenID Connect Front-Channel Logout §3). */
      readonly session: string
      readonly issuer?: string
    }
  | {
      /** `kid` of the key that signed (RFC 7515 §4.1.4): before its issuer has withdrawn it. */
      readonly keyId: string
      readonly issuer?: string
    }
  | {
      /** `sub`. */
      readonly subject: string
      /** Tokens that were issued later are good. Seconds since the epoch. @defaultValue now */
      readonly before?: number
      readonly issuer?: string
    }
  | {
      /** `client_id`, `azp`, or what the issuer has for it. */
      readonly client: string
      readonly before?: number
      readonly issuer?: string
    }
  | {
      readonly issuer: string
      readonly before?: number
    }

/** How long a revocation has to be remembered. */
export interface RevocationOptions {
  /**
   * `exp` of the last token it is about, in seconds since the epoch: some time after it, when no tolerance of clocks can make
   * the token valid any more, the revocation may be forgotten. @defaultValue never
   */
  readonly until?: number
}

/** What a revocation can name. */
export type RevocationKind = 'jti' | 'session' | 'keyId' | 'subject' | 'client' | 'issuer'

/** A {@link Revocation} with its options, judged. */
export interface JudgedRevocation {
  readonly kind: RevocationKind
  readonly value: string
  /** `undefined`: every issuer's. */
  readonly issuer: string | undefined
  /** Tokens issued up to then are revoked. `Infinity` for what does not come back: a token, a session, a key. */
  readonly before: number
  /** `Infinity` where it may never be forgotten. */
  readonly until: number
}

/** No issuer's tolerance is greater: so long after `exp`, in seconds, a token may pass. */
export const greatestToleranceSeconds = 300

const kinds = ['jti', 'session', 'keyId', 'subject', 'client'] as const
const withoutCutOff: ReadonlySet<RevocationKind> = new Set(['jti', 'session', 'keyId'])
const longest = 1_024
const greatestDate = 253_402_300_799 // the last second of the year 9999; milliseconds given for seconds lie beyond

/**
 * Judges a revocation as a caller wrote it.
 *
 * @param now - seconds since the epoch
 * @throws ConfigurationError for what is no revocation
 */
export function judgeRevocation(
  revocation: Revocation,
  options: RevocationOptions | undefined,
  now: number,
): JudgedRevocation {
  if (typeof revocation !== 'object' || revocation === null) throw new ConfigurationError('a revocation is an object')
  requireKnownOptions(revocation, [...kinds, 'issuer', 'before'], 'a revocation')
  const { issuer, before, ...rest } = revocation as Readonly<Record<string, unknown>>
  // There, be it undefined: what lost its name on the way here must not revoke everything of its issuer.
  const [name, second] = kinds.filter((each) => Object.hasOwn(rest, each))
  if (second !== undefined)
    throw new ConfigurationError('a revocation names one of `jti`, `session`, `keyId`, `subject`, `client`')
  const kind = name ?? 'issuer'
  const value = requireValue(kind === 'issuer' ? issuer : rest[kind], kind)
  const of = kind === 'issuer' || issuer === undefined ? undefined : requireValue(issuer, 'issuer')
  const until = requireUntil(options)
  if (!withoutCutOff.has(kind))
    return { kind, value, issuer: of, before: requireTime(before === undefined ? now : before, 'before'), until }
  if (before !== undefined) throw new ConfigurationError(`a revoked ${kind} does not come back: it takes no \`before\``)
  return { kind, value, issuer: of, before: Number.POSITIVE_INFINITY, until }
}

function requireValue(value: unknown, name: string): string {
  if (typeof value === 'string' && value !== '' && value.length <= longest) return value
  throw new ConfigurationError(`\`${name}\` of a revocation must be a string of 1 to ${longest} characters`)
}

function requireTime(value: unknown, name: string): number {
  if (typeof value === 'number' && Math.abs(value) <= greatestDate) return value
  throw new ConfigurationError(`\`${name}\` of a revocation must be a number of seconds since the epoch`)
}

function requireUntil(options: RevocationOptions | undefined): number {
  if (options === undefined) return Number.POSITIVE_INFINITY
  if (typeof options !== 'object' || options === null) throw new ConfigurationError('`until` of a revocation is named')
  requireKnownOptions(options, ['until'], 'a revocation')
  return options.until === undefined ? Number.POSITIVE_INFINITY : requireTime(options.until, 'until')
}

/**
 * Calls back with every name by which a token could have been taken back, until one is found. The same names for every
 * state: what one calls revoked, another does not let pass.
 *
 * @returns whether the callback said yes to one of them
 */
export function someRevocableName(
  { issuedClaims, issuer, keyId }: TokenFacts,
  isRevoked: (kind: RevocationKind, value: string) => boolean,
): boolean {
  const { jti, sid, sub } = issuedClaims
  return (
    (typeof jti === 'string' && isRevoked('jti', jti)) ||
    (typeof sid === 'string' && isRevoked('session', sid)) ||
    (typeof sub === 'string' && isRevoked('subject', sub)) ||
    (keyId !== undefined && isRevoked('keyId', keyId)) ||
    isRevoked('issuer', issuer) ||
    clientClaims.some((name) => {
      const client = issuedClaims[name]
      return typeof client === 'string' && isRevoked('client', client)
    })
  )
}

/** When a token was issued, in seconds since the epoch. Who does not say when, is as old as can be. */
export function issuedAt({ issuedClaims: { iat } }: TokenFacts): number {
  return typeof iat === 'number' ? iat : Number.NEGATIVE_INFINITY
}
