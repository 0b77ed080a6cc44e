// RFC 7519 §5.2, §7.2: a signed token inside an encrypted one. Off unless the verifier is given a decryption key. What
// comes out is a JWS that nobody has verified yet: decryption proves nothing about who wrote it (RFC 8725 §2.4). The
// decrypting itself is jose's.

import type { KeyObject } from 'node:crypto'
import { type CryptoKey, compactDecrypt, type JWK } from 'jose'
import { ConfigurationError, VerificationError } from '../errors.js'
import { requireKnownOptions, requireStrings } from '../option-checks.js'
import { decodeBase64Url } from './base64url.js'
import { defaultMaxTokenBytes } from './compact-jws.js'
import { type JsonObject, parseJsonObject } from './strict-json.js'

/** How encrypted tokens are opened. */
export interface DecryptionOptions {
  /** Our private key, or a symmetric one for `dir` and AES key wrap. */
  readonly key: KeyObject | CryptoKey | JWK | Uint8Array
  /**
   * Accepted `alg` (RFC 7518 §4.1). Passwords (`PBES2-…`) and `RSA1_5` are refused while building.
   *
   * @defaultValue `['RSA-OAEP-256', 'ECDH-ES', 'ECDH-ES+A256KW']`
   */
  readonly keyManagementAlgorithms?: readonly string[]
  /**
   * Accepted `enc` (RFC 7518 §5.1).
   *
   * @defaultValue `['A256GCM', 'A256CBC-HS512']`
   */
  readonly contentEncryptionAlgorithms?: readonly string[]
}

/** Whether a token has the five segments of a compact JWE (RFC 7516 §3.1). */
export function looksEncrypted(token: string): boolean {
  return token.split('.', 6).length === 5
}

/** Answers the JWS inside a JWE. */
export type Decrypter = (jwe: string) => Promise<string>

/**
 * Builds a {@link Decrypter}.
 *
 * @throws ConfigurationError for a key management algorithm that is never accepted (RFC 8725 §3.2, §3.5)
 */
export function createDecrypter(options: DecryptionOptions, maxTokenBytes: number = defaultMaxTokenBytes): Decrypter {
  if (typeof options?.key !== 'object' || options.key === null) {
    throw new ConfigurationError('`decryption` needs a `key`: a KeyObject, a CryptoKey, a JWK or bytes')
  }
  requireKnownOptions(options, ['key', 'keyManagementAlgorithms', 'contentEncryptionAlgorithms'], '`decryption`')
  const keyManagementAlgorithms = requireList(options.keyManagementAlgorithms ?? defaultKeyManagement)
  const contentEncryptionAlgorithms = requireList(options.contentEncryptionAlgorithms ?? defaultContentEncryption)
  const refused = keyManagementAlgorithms.find((name) => name.startsWith('PBES2') || name === 'RSA1_5')
  if (refused !== undefined) throw new ConfigurationError(`\`keyManagementAlgorithms\` must not list ${refused}`)
  return async (jwe) => {
    if (jwe.length > maxTokenBytes) throw malformed(`the token is longer than ${maxTokenBytes} bytes`)
    requireNestedJws(jwe)
    try {
      const { plaintext } = await compactDecrypt(jwe, options.key, {
        keyManagementAlgorithms,
        contentEncryptionAlgorithms,
      })
      return Buffer.from(plaintext).toString('latin1')
    } catch (cause) {
      throw malformed('the token cannot be decrypted', cause)
    }
  }
}

const defaultKeyManagement = ['RSA-OAEP-256', 'ECDH-ES', 'ECDH-ES+A256KW']
const defaultContentEncryption = ['A256GCM', 'A256CBC-HS512']

function requireList(names: readonly string[]): string[] {
  if (!Array.isArray(names)) throw new ConfigurationError('the algorithms of `decryption` must be arrays')
  return [...requireStrings(names, 'each list of algorithms of `decryption`')]
}

/** Judges the protected header before jose reads it: strict JSON, `cty: JWT`, nothing compressed, nothing critical. */
function requireNestedJws(jwe: string): void {
  for (const segment of jwe.split('.')) {
    if (decodeBase64Url(segment) === undefined) throw malformed('a segment of the token is not canonical base64url')
  }
  let header: JsonObject
  try {
    header = parseJsonObject(Buffer.from(jwe.slice(0, jwe.indexOf('.')), 'base64url'))
  } catch (cause) {
    throw malformed('the header is not one strict JSON object', cause)
  }
  const { cty, zip, crit } = header
  if (typeof cty !== 'string' || cty.toUpperCase() !== 'JWT') throw malformed('the encrypted token holds no signed one')
  if (zip !== undefined) throw malformed('the token is compressed') // RFC 8725 §3.6
  if (crit !== undefined) throw malformed('`crit` names an extension that is not understood')
}

function malformed(message: string, cause?: unknown): VerificationError {
  return new VerificationError('token_malformed', message, { cause })
}
