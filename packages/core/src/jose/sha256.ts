// SHA-256 (FIPS 180-4) of a text, as `sha256sum` prints it: what a signed head says of a document that it does not hold.
import { createHash } from 'node:crypto'

/** 64 hexadecimal digits, of the text in UTF-8. */
export function sha256(text: string): string {
  return createHash('sha256').update(text, 'utf8').digest('hex')
}
