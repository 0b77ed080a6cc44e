// SHA-256 of what everybody may read: where a text is kept, so that two of them never share a place.
import { createHash } from 'node:crypto'

/** 64 hexadecimal digits, of the text in UTF-8. */
export function contentDigest(text: string): string {
  return createHash('sha256').update(text, 'utf8').digest('hex')
}
