// The options that publishing and taking over have in common: the name that policies are shared under, and the keys. Who
// publishes has the private one; everybody else has the public ones alone, and so can publish nothing.
import { ConfigurationError } from '../../errors.js'
import { type KeyObject, UnusableKeyError, type VerificationKey } from '../../jose/jwk.js'
import { importDocumentKey, importSigningKey, type SigningKey } from '../../jose/sign-compact-jws.js'

const greatestName = 128
const greatestKeys = 8

/** @throws ConfigurationError */
export function requireDocumentName(name: unknown): string {
  if (typeof name === 'string' && name !== '' && name.length <= greatestName && name.isWellFormed()) return name
  throw new ConfigurationError(`\`name\` of shared policies must be a string of 1 to ${greatestName} characters`)
}

/** @throws ConfigurationError */
export function requireSigningKey(key: KeyObject | object): SigningKey {
  return usable('`privateKey`', () => importSigningKey(key))
}

/**
 * Judges the keys that policies are verified with, one or several.
 *
 * @throws ConfigurationError
 */
export function requireDocumentKeys(
  one: KeyObject | object | undefined,
  several: readonly (KeyObject | object)[] | undefined,
): readonly VerificationKey[] {
  if ((one === undefined) === (several === undefined))
    throw new ConfigurationError('shared policies take one of `publicKey` and `publicKeys`')
  if (several === undefined) return [usable('`publicKey`', () => importDocumentKey(one as KeyObject | object))]
  if (!Array.isArray(several) || several.length === 0 || several.length > greatestKeys)
    throw new ConfigurationError(`\`publicKeys\` must be an array of 1 to ${greatestKeys} keys`)
  return several.map((key: KeyObject | object) => usable('each of `publicKeys`', () => importDocumentKey(key)))
}

function usable<Key>(what: string, build: () => Key): Key {
  try {
    return build()
  } catch (cause) {
    if (!(cause instanceof UnusableKeyError)) throw cause
    throw new ConfigurationError(`${what} can't be used: ${cause.message}`, { cause })
  }
}
