// The token that a status list comes in (draft-ietf-oauth-status-list-20 §5.1, §8.3): its claims, judged. That it is of the
// right type and signed by who may sign it is proven before; how long it is kept is decided in `remote-status-lists.ts`.
import type { JsonObject } from '../jose/strict-json.js'
import { StatusListError } from './status-list.js'

/** What the claims of a status list token come to. */
export interface StatusListClaims {
  /** Of the list; not looked at yet. */
  readonly list: unknown
  /** `iat`. */
  readonly issuedAt: number
  /** `exp`, tolerance included; `Infinity` where it has none. Not relied upon from then on (§13.7). */
  readonly notAfter: number
  /** `ttl`: how long it may be kept before it is asked for again. */
  readonly ttlSeconds: number | undefined
}

/** What the claims are judged by. */
export interface StatusListRules {
  /** `uri` of the token that is asked about. */
  readonly uri: string
  /** Who may have issued it. */
  readonly issuer: string
  readonly clockToleranceSeconds: number
  /** Seconds since the epoch. */
  readonly now: number
}

/** @throws StatusListError */
export function validateStatusListClaims(claims: JsonObject, rules: StatusListRules): StatusListClaims {
  const { uri, issuer, clockToleranceSeconds: tolerance, now } = rules
  const { iss, sub, iat, exp, nbf, ttl, status_list: list } = claims
  if (sub !== uri) throw new StatusListError('its `sub` is not the `uri` of the token') // another list says nothing about it
  if (iss !== undefined && iss !== issuer) throw new StatusListError('its `iss` is not who signs the lists')
  // INVARIANT: each comparison is one that a good token makes true, so a clock that answers NaN lets nobody pass.
  if (!isDate(iat) || !(iat <= now + tolerance)) throw new StatusListError('its `iat` is missing, or yet to come')
  if (nbf !== undefined && !(isDate(nbf) && nbf <= now + tolerance))
    throw new StatusListError('its `nbf` is yet to come')
  if (exp !== undefined && !(isDate(exp) && now < exp + tolerance)) throw new StatusListError('its `exp` has passed')
  if (ttl !== undefined && !(typeof ttl === 'number' && ttl > 0)) throw new StatusListError('its `ttl` is not positive')
  return {
    list,
    issuedAt: iat,
    notAfter: typeof exp === 'number' ? exp + tolerance : Number.POSITIVE_INFINITY,
    ttlSeconds: typeof ttl === 'number' ? ttl : undefined,
  }
}

/** RFC 7519 §2: a number of seconds; milliseconds lie beyond the year 9999. */
function isDate(value: unknown): value is number {
  return typeof value === 'number' && Math.abs(value) < 253_402_300_800
}
