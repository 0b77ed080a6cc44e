// SHA-256, by which things are told apart without being kept: the contents of files, the tokens of callers.
import { createHash } from 'node:crypto'

/** The digest of some texts, in their order; none of them can pass for the end of the one before. */
export function digestOf(...texts: readonly (string | undefined)[]): string {
  return createHash('sha256').update(JSON.stringify(texts)).digest('base64url')
}
