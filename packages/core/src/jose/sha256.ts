// SHA-256 (FIPS 180-4) of a text in UTF-8.
import { createHash } from 'node:crypto'

/** 64 hexadecimal digits, as `sha256sum` prints it: what a signed head says of a document that it does not hold. */
export function sha256(text: string): string {
  return createHash('sha256').update(text, 'utf8').digest('hex')
}

/** In base64url: `ath`, what the proof of a holder says of the token that it goes with (RFC 9449 §4.2). */
export function sha256Base64Url(text: string): string {
  return createHash('sha256').update(text, 'utf8').digest('base64url')
}
