// The claims that logout tokens and security event tokens share (RFC 8417 §2.2), judged one by one. `iss` was matched before
// there was a key; whoever calls this knows that the signature holds.
import { VerificationError } from '../errors.js'
import type { JsonObject } from '../jose/strict-json.js'

/** Who we are to the sender, and what time it is. */
export interface ReceivingRules {
  readonly audiences: ReadonlySet<string>
  readonly clockToleranceSeconds: number
  /** Seconds since the epoch. */
  readonly now: number
}

const longest = 1_024 // characters: what a revocation can name
const greatestDate = 253_402_300_799 // the last second of the year 9999; milliseconds given for seconds lie beyond

/** RFC 7519 §4.1.3: `aud` names us. */
export function requireAudience({ aud }: JsonObject, { audiences }: ReceivingRules): void {
  if (aud === undefined) throw missing('aud')
  const items: readonly unknown[] = Array.isArray(aud) ? aud : [aud]
  if (!items.every((item) => typeof item === 'string')) throw invalid('aud', '`aud` is not a string or strings')
  if (items.some((item) => audiences.has(item as string))) return
  throw new VerificationError('audience_mismatch', '`aud` names no audience of ours', { claim: 'aud' })
}

/** RFC 7519 §4.1.5, §4.1.6: issued, and not ahead of its time. */
export function requireIssuedAt(claims: JsonObject, { now, clockToleranceSeconds }: ReceivingRules): number {
  const iat = dateIn(claims, 'iat')
  if (iat === undefined) throw missing('iat')
  for (const [name, date] of [['iat', iat] as const, ['nbf', dateIn(claims, 'nbf') ?? iat] as const]) {
    if (now >= date - clockToleranceSeconds) continue
    throw new VerificationError('token_not_active', `\`${name}\` is yet to come`, { claim: name })
  }
  return iat
}

/** RFC 7519 §4.1.4, where it has to be there. */
export function requireUnexpired(claims: JsonObject, { now, clockToleranceSeconds }: ReceivingRules): number {
  const exp = dateIn(claims, 'exp')
  if (exp === undefined) throw missing('exp')
  if (now < exp + clockToleranceSeconds) return exp
  throw new VerificationError('token_expired', '`exp` has passed', { claim: 'exp' })
}

/** A string that is not empty and not longer than a name may be; `undefined` where the claim is not there. */
export function optionalName(claims: JsonObject, name: string): string | undefined {
  const value = claims[name]
  if (value === undefined || isName(value)) return value
  throw invalid(name, `\`${name}\` is not a string, empty, or too long`)
}

export function requireName(claims: JsonObject, name: string): string {
  const value = optionalName(claims, name)
  if (value === undefined) throw missing(name)
  return value
}

/** RFC 8417 §2.2: the events by their type, each an object. */
export function requireEvents({ events }: JsonObject): Readonly<Record<string, JsonObject>> {
  if (events === undefined) throw missing('events')
  if (!isObject(events) || !Object.values(events).every(isObject)) throw invalid('events', '`events` holds no events')
  return events as Readonly<Record<string, JsonObject>>
}

/** What marks another kind of token (RFC 8725 §3.12). */
export function requireAbsent(claims: JsonObject, name: string): void {
  if (!Object.hasOwn(claims, name)) return
  throw new VerificationError('token_type_rejected', `\`${name}\` marks another kind of token`, { claim: name })
}

/** Whether it can be the name of somebody or something that is taken back. */
export function isName(value: unknown): value is string {
  return typeof value === 'string' && value !== '' && value.length <= longest
}

export function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

export function invalid(claim: string, message: string): VerificationError {
  return new VerificationError('claim_invalid', message, { claim })
}

function missing(claim: string): VerificationError {
  return new VerificationError('claim_missing', `\`${claim}\` is missing`, { claim })
}

function dateIn(claims: JsonObject, name: string): number | undefined {
  const value = claims[name]
  if (value === undefined) return undefined
  if (typeof value === 'number' && Math.abs(value) <= greatestDate) return value
  throw invalid(name, `\`${name}\` is not a date in seconds`)
}
