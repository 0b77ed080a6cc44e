// What a security event takes back: of whom, and up to when. A transmitter is believed about the subjects of the issuers it
// speaks for, and about nobody else's.
import type { Revocation } from '../state/revocation.js'
import { meaningOf } from './event-types.js'
import { issuerSkewSeconds } from './logout-token.js'
import type { StatedEvent } from './security-event-token.js'
import { type Name, namesIn, type SubjectNames } from './subject-identifier.js'

/** What the options say about events of one transmitter. */
export interface EventRules {
  /** `iss` of its tokens. */
  readonly transmitter: string
  /** The issuers whose subjects it may speak about. */
  readonly subjectsOf: ReadonlySet<string>
  readonly clockToleranceSeconds: number
  readonly accessTokensHaveSid: boolean
  /** Members of complex subjects that must be understood (`critical_subject_members` of the transmitter's metadata). */
  readonly criticalSubjectMembers: ReadonlySet<string>
}

const none: readonly Revocation[] = Object.freeze([])

/**
 * What an event takes back; nothing, where it concerns no token or nobody that is known here.
 *
 * INVARIANT: no date is later than that of the statement, so an event that is dated ahead locks nobody out for longer than one
 * of now, and one that comes again takes back no more than it did.
 *
 * @param issuedAt - of the token that holds it, seconds since the epoch
 */
export function revocationsOfEvent(event: StatedEvent, issuedAt: number, rules: EventRules): readonly Revocation[] {
  const meaning = meaningOf(event.type, event.payload)
  if (meaning === undefined || meaning === 'stream' || meaning === 'stream-stopped') return none
  const names = namesIn(event.subject)
  if (names.otherMembers.some((member) => rules.criticalSubjectMembers.has(member))) return none
  const tokens = whoseOf(names.tokens, rules).map(({ value, issuer }): Revocation => ({ jti: value, issuer }))
  const sessions = meaning === 'session-ended' ? sessionsIn(names) : []
  const subjects = [...names.subjects, ...names.opaque]
  const isNarrowed = sessions.length > 0 && names.opaque.length === 0 && rules.accessTokensHaveSid
  const before = meaning === 'subject-stopped' ? issuedAt : eventTime(event, issuedAt)
  return [
    ...tokens,
    ...whoseOf(sessions, rules).map(({ value, issuer }): Revocation => ({ session: value, issuer })),
    ...(isNarrowed ? [] : whoseOf(subjects, rules)).map(({ value, issuer }): Revocation => {
      // The transmitter's clock is that of the tokens where it has issued them.
      const skew = issuer === rules.transmitter ? issuerSkewSeconds : rules.clockToleranceSeconds
      return { subject: value, issuer, before: before + skew }
    }),
  ]
}

/** An opaque name in an event about sessions may be that of a session or of its subject: CAEP §3.1 has both. */
function sessionsIn({ sessions, opaque }: SubjectNames): readonly Name[] {
  return [...sessions, ...opaque]
}

/** CAEP §2. Drafts, and so some transmitters, count it in milliseconds: a date after the statement is that of the statement. */
function eventTime({ payload }: StatedEvent, issuedAt: number): number {
  const { event_timestamp: time } = payload
  return typeof time === 'number' && time >= 0 ? Math.min(time, issuedAt) : issuedAt
}

/** The names, each with an issuer that the transmitter speaks for; without those of others. */
function whoseOf(names: readonly Name[], rules: EventRules): readonly Required<Name>[] {
  return names.flatMap(({ value, issuer }) => issuersOf(issuer, rules).map((of) => ({ value, issuer: of })))
}

function issuersOf(issuer: string | undefined, { subjectsOf, transmitter }: EventRules): readonly string[] {
  if (issuer !== undefined && subjectsOf.has(issuer)) return [issuer]
  // Its own names, or names without an issuer, are names of those it speaks for.
  return issuer === undefined || issuer === transmitter ? [...subjectsOf] : []
}
