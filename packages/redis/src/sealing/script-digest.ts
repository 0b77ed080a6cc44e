// The name under which a server remembers a script: not a seal, and not a secret. Redis wants SHA-1.
import { createHash } from 'node:crypto'

/** SHA-1 of a script, in hexadecimal, for `EVALSHA`. */
export function scriptDigest(lua: string): string {
  return createHash('sha1').update(lua).digest('hex')
}
