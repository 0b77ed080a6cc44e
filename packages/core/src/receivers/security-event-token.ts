// RFC 8417 §2.2 with the Shared Signals Framework 1.0: a statement of a transmitter that something has happened to somebody.
// Its signature, `iss` and `typ` were judged before. What it takes back is said in `event-revocations.ts`.
import type { JsonObject } from '../jose/strict-json.js'
import {
  invalid,
  type ReceivingRules,
  requireAbsent,
  requireAudience,
  requireEvents,
  requireIssuedAt,
  requireName,
} from './token-claims.js'

/** One event of a {@link SecurityEventToken}. */
export interface StatedEvent {
  /** The URI of its type. */
  readonly type: string
  /** What the type says about it. */
  readonly payload: JsonObject
  /** Whom it is about (RFC 9493): `sub_id`, or `subject` of the event, where drafts of the framework had it. */
  readonly subject: unknown
}

/** A security event token, judged. */
export interface SecurityEventToken {
  readonly issuer: string
  readonly jti: string
  /** Seconds since the epoch. */
  readonly issuedAt: number
  readonly events: readonly StatedEvent[]
}

/** The framework has one event in a token; RFC 8417 §1.2 allows for several that say the same. */
const greatestEvents = 8

/**
 * Judges the claims of a security event token.
 *
 * It does not expire, so there is no telling an old one from a new one by its dates: whatever it takes back is bounded by them.
 *
 * @param issuer - the transmitter that has signed it
 * @throws VerificationError
 */
export function validateSecurityEventToken(
  claims: JsonObject,
  issuer: string,
  rules: ReceivingRules,
): SecurityEventToken {
  requireAbsent(claims, 'exp') // RFC 8417 §2.2, §4.5: what has it is meant for something else
  requireAbsent(claims, 'sub') // Shared Signals Framework: the principal is named by `sub_id` alone
  requireAbsent(claims, 'nonce')
  requireAudience(claims, rules)
  const issuedAt = requireIssuedAt(claims, rules)
  const jti = requireName(claims, 'jti')
  const events = Object.entries(requireEvents(claims))
  if (events.length === 0 || events.length > greatestEvents)
    throw invalid('events', `\`events\` holds none, or more than ${greatestEvents}`)
  const { sub_id: subject } = claims
  return {
    issuer,
    jti,
    issuedAt,
    events: events.map(([type, payload]) => ({ type, payload, subject: subject ?? payload['subject'] })),
  }
}
