// How the user has authenticated, and when (RFC 9470 §3).
import type { Meaning } from './compiled.js'
import { own, whyClaim } from './own-claim.js'
import { isFalse, isTrue, isUndetermined } from './verdict.js'

/** How far ahead of our clock that of an issuer may be. */
const futureToleranceSeconds = 60

export function compileFreshness(seconds: number): Meaning {
  return {
    check({ token, now }) {
      const at = own(token.issuedClaims, 'auth_time')
      if (typeof at !== 'number' || !Number.isFinite(at) || !Number.isFinite(now)) return isUndetermined
      return at <= now + futureToleranceSeconds && now - at <= seconds ? isTrue : isFalse
    },
    changesAt({ token, now }) {
      const at = own(token.issuedClaims, 'auth_time') as number
      if (now - at > seconds) return Number.POSITIVE_INFINITY
      return at <= now + futureToleranceSeconds ? at + seconds : at - futureToleranceSeconds
    },
    why: whyClaim('auth_time'),
  }
}

/** @param least - the place of the lowest level that suffices */
export function compileLevel(levels: readonly string[], least: number): Meaning {
  return {
    check({ token }) {
      const acr = own(token.issuedClaims, 'acr')
      const rank = typeof acr === 'string' ? levels.indexOf(acr) : -1
      return rank === -1 ? isUndetermined : rank >= least ? isTrue : isFalse
    },
    why: ({ token }) =>
      (own(token.issuedClaims, 'acr') ?? undefined) === undefined
        ? 'claim acr is missing'
        : 'claim acr is none of the known levels',
  }
}
