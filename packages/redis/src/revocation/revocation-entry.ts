// A revocation as a fleet passes it on and remembers it: numbers that stand for what it is about, and none of its words.
import type { RevocationKind } from '@sallyport/core/state'

/** The kinds, in the order of their numbers. The order is part of the schema. */
export const kinds: readonly RevocationKind[] = ['jti', 'session', 'keyId', 'subject', 'client', 'issuer']

/** For ever, and for every token. */
export const endless = 0xffff_ffff
/** Every issuer's. */
export const everyIssuer = 0

/** One revocation. All numbers are whole and not negative. */
export interface RevocationEntry {
  readonly kind: RevocationKind
  /** 64 bits of the digest of kind and value, the upper half and the lower. */
  readonly high: number
  readonly low: number
  /** 29 bits of the digest of the issuer, never 0; or {@link everyIssuer}. */
  readonly issuer: number
  /** Tokens issued at this second, or earlier, are revoked; one more than that, so that 0 stands for "before 1970". {@link endless}: all. */
  readonly cutOff: number
  /** After this second it may be forgotten, tolerance of clocks aside; {@link endless}: never. */
  readonly until: number
}
