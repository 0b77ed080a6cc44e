// Security events pushed by a transmitter (RFC 8417, RFC 8935; Shared Signals Framework, CAEP and RISC 1.0): what they take back,
// is taken back. Put together here, because it needs the issuers of a verifier, their keys, and its state.
import { ConfigurationError } from './errors.js'
import { createSecretMatcher, type SecretMatcher } from './jose/same-secret.js'
import { requireKnownOptions, requireStrings } from './option-checks.js'
import { createReceiver, type Received, requireLifetime, revokeAll } from './receiver.js'
import type { EventReceiver } from './receivers/event-receiver.js'
import { type EventRules, revocationsOfEvent } from './receivers/event-revocations.js'
import { eventName, meaningOf } from './receivers/event-types.js'
import { bodyToken, type ReceivedRequest, ReceivingError, singleHeader } from './receivers/received-request.js'
import { pushWords } from './receivers/receiver-answer.js'
import {
  type SecurityEventToken,
  type StatedEvent,
  validateSecurityEventToken,
} from './receivers/security-event-token.js'
import type { Revocation } from './state/revocation.js'
import { Deliveries, proveClaims } from './token-senders.js'
import { createTransmitters, type Transmitter, type TransmitterOptions } from './transmitters.js'
import { Verifier } from './verifier.js'

/** One event, as an application hears of it. All of it was signed by the transmitter. */
export interface SecurityEvent {
  /** The URI of its type. */
  readonly type: string
  /** What the type says about it. */
  readonly payload: Readonly<Record<string, unknown>>
  /** Whom it is about: a subject identifier (RFC 9493). */
  readonly subject: unknown
  /** `iss` of the transmitter. */
  readonly transmitter: string
  /** `jti` of the token: the same event may come twice, where an answer of ours was lost. */
  readonly jti: string
  /** Seconds since the epoch. */
  readonly issuedAt: number
  /** What it has taken back; empty where it concerns no token, or somebody whom no token names. */
  readonly revocations: readonly Revocation[]
}

/** Options of {@link securityEvents}. */
export interface SecurityEventsOptions {
  /** Who we are to the transmitter: `aud` of the stream. One of these is in `aud` of its tokens. */
  readonly audience: string | readonly string[]
  /** Who may send events. @defaultValue the issuers of the verifier, each about its own subjects */
  readonly transmitters?: readonly TransmitterOptions[]
  /** What the transmitter sends as `Authorization`, to the letter; several while it changes. Not asked for by default. */
  readonly authorization?: string | readonly string[]
  /**
   * Whether access tokens carry `sid`. Then the end of a session takes back what belongs to it; else everything that its user was
   * issued up to then, because the session alone would take back nothing. @defaultValue false
   */
  readonly accessTokensHaveSid?: boolean
  /**
   * The longest time from `iat` to `exp` of an access token: so long a revocation is remembered. @defaultValue
   * `maxTokenAgeSeconds` of the issuer; for ever where that is not said either
   */
  readonly tokenLifetimeSeconds?: number
  /** `critical_subject_members` of the transmitter: an event whose subject has one that is not understood is discarded. */
  readonly criticalSubjectMembers?: readonly string[]
  /** Hears of every event after what it takes back. What it throws lets the transmitter try again. */
  readonly onEvent?: (event: SecurityEvent) => void | Promise<void>
  /**
   * Takes tokens with `typ: JWT` or none, of transmitters that do not write `secevent+jwt`. They are told from other tokens by
   * their claims alone then. @defaultValue false
   */
  readonly dangerouslyAllowUntyped?: boolean
}

const optionNames: readonly (keyof SecurityEventsOptions)[] = [
  'audience',
  'transmitters',
  'authorization',
  'accessTokensHaveSid',
  'tokenLifetimeSeconds',
  'criticalSubjectMembers',
  'onEvent',
  'dangerouslyAllowUntyped',
]

/** A transmitter tries for days at most; an event that comes later is acted upon again, which does no harm. */
const rememberedSeconds = 604_800

/**
 * Makes the receiver of security events that are pushed: `session-revoked`, `token-claims-change`, `credential-change`,
 * `account-disabled` and their kin take back what they are about. Its route is public to `auth()`: an event carries its own proof.
 *
 * Answers 202 once the state has it, 400 for a token that is not good, 503 with `Retry-After` where the fault is ours.
 *
 * @example
 * ```ts
 * const events = securityEvents(verifier, { audience: 'https://api.example.com/events' })
 * app.post('/security-events', events.node)
 * ```
 * @throws ConfigurationError
 * @see https://www.rfc-editor.org/rfc/rfc8935#section-2
 */
export function securityEvents(verifier: Verifier<unknown>, options: SecurityEventsOptions): EventReceiver {
  if (typeof options !== 'object' || options === null) throw new ConfigurationError('the options must be an object')
  requireKnownOptions(options, optionNames, 'a receiver of security events')
  const audiences = new Set(requireStrings(options.audience, '`audience`'))
  const isAuthorized = authorizationMatcher(options.authorization)
  const lifetime = requireLifetime(options.tokenLifetimeSeconds)
  const onEvent = requireListener(options.onEvent)
  const eventRules = {
    accessTokensHaveSid: options.accessTokensHaveSid === true,
    criticalSubjectMembers: criticalMembers(options.criticalSubjectMembers),
  }
  const transmitters = createTransmitters(verifier, options.transmitters, options.dangerouslyAllowUntyped === true)
  const deliveries = new Deliveries()
  const receive = async (request: ReceivedRequest): Promise<Received> => {
    const configuration = Verifier.configurationOf(verifier)
    if (isAuthorized !== undefined && !isAuthorized(singleHeader(request, 'authorization') ?? ''))
      throw new ReceivingError(400, 'The transmitter has not authenticated', true) // RFC 8935 §2.4
    const token = bodyToken(request, 'application/secevent+jwt') // RFC 8935 §2.1
    const { claims, sender } = await proveClaims(token, transmitters, configuration)
    const now = configuration.clock()
    const { issuer, rules } = sender
    const { clockToleranceSeconds } = rules
    const set = validateSecurityEventToken(claims, issuer, { audiences, clockToleranceSeconds, now }) // RFC 8417 §2.2
    const { subjectsOf } = transmitters.get(issuer) as Transmitter
    const of = { transmitter: issuer, subjectsOf, clockToleranceSeconds, ...eventRules }
    const stated = statedEvents(set, of)
    const question = { kind: 'security-event', of: JSON.stringify([issuer, ...audiences]), about: set.jti }
    const isNew = await deliveries.once(question, now + rememberedSeconds, configuration, async () => {
      await revokeAll(
        verifier,
        stated.flatMap(({ revocations }) => revocations),
        lifetime,
      )
      for (const event of stated) await onEvent?.(event) // in their order
    })
    return isNew ? outcomeOf(stated, issuer) : { issuer, outcome: 'ignored', reason: 'it came before' }
  }
  return createReceiver('security-events', pushWords, receive)
}

function statedEvents(
  { events, issuedAt, jti, issuer }: SecurityEventToken,
  rules: EventRules,
): readonly SecurityEvent[] {
  return events.map((event: StatedEvent) => {
    const revocations = revocationsOfEvent(event, issuedAt, rules)
    return Object.freeze({ ...event, transmitter: issuer, jti, issuedAt, revocations: Object.freeze(revocations) })
  })
}

/** In words of our own: what is in an event is text of somebody else's. */
function outcomeOf(events: readonly SecurityEvent[], issuer: string): Received {
  const names = events.map(({ type }) => eventName(type) ?? 'an event that is not understood').join(', ')
  if (events.some(({ type, payload }) => meaningOf(type, payload) === 'stream-stopped'))
    return { issuer, outcome: 'alarm', reason: 'the transmitter has stopped its stream: it will tell of nothing' }
  const isRevoked = events.some(({ revocations }) => revocations.length > 0)
  if (isRevoked) return { issuer, outcome: 'revoked', reason: names }
  return { issuer, outcome: 'ignored', reason: `${names}: about no token, or nobody that a token names` }
}

function authorizationMatcher(authorization: unknown): SecretMatcher | undefined {
  if (authorization === undefined) return undefined
  return createSecretMatcher(requireStrings(authorization, '`authorization`'))
}

function criticalMembers(members: unknown): ReadonlySet<string> {
  return new Set(members === undefined ? [] : requireStrings(members, '`criticalSubjectMembers`'))
}

function requireListener(listener: SecurityEventsOptions['onEvent']): SecurityEventsOptions['onEvent'] {
  if (listener === undefined || typeof listener === 'function') return listener
  throw new ConfigurationError('`onEvent` must be a function')
}
