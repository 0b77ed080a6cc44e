// Whether a text is one of some secrets, told in a time that says nothing of them.
import { createHash, timingSafeEqual } from 'node:crypto'

/** Whether a text from outside is one of the secrets that this was made of. */
export type SecretMatcher = (text: string) => boolean

/** Compares digests: they are of one length, whatever the texts are. All are compared, whichever fits. */
export function createSecretMatcher(secrets: readonly string[]): SecretMatcher {
  const digests = secrets.map(digestOf)
  return (text) => {
    const given = digestOf(text)
    return digests.reduce((isKnown, digest) => timingSafeEqual(digest, given) || isKnown, false)
  }
}

function digestOf(text: string): Buffer {
  return createHash('sha256').update(text).digest()
}
