// How a client proves to the authorization server who it is: a secret in the Authorization header (RFC 6749 §2.3.1), a signed
// assertion (RFC 7523 §2.2), or the certificate of the connection (RFC 8705 §2). One of them, and it is said by what is given.
import { ConfigurationError } from '@sallyport/core'
import { type ClientAuth, ClientSecretBasic, PrivateKeyJwt, TlsClientAuth } from 'oauth4webapi'
import { type ClientPrivateKey, requireSigningKey } from '../credentials/signing-key.js'
import { requireString } from '../option-checks.js'

/** Who asks, and its proof. Without a secret and a key, it is the certificate of the client. */
export interface ClientAuthenticationOptions {
  /** `client_id`, as the authorization server knows this service. */
  readonly clientId: string
  /** Its secret: `client_secret_basic`. */
  readonly clientSecret?: string
  /** Its private key: `private_key_jwt`. A PEM goes through `createPrivateKey` of `node:crypto` first. */
  readonly privateKey?: ClientPrivateKey
  /** What the key signs with. @defaultValue `alg` of the JWK, or the one algorithm that the key is for */
  readonly algorithm?: string
  /** `kid` of the assertion. @defaultValue that of the JWK */
  readonly keyId?: string
}

/** The proof, ready to be made, and whether it is the certificate of the connection. */
export interface ClientAuthentication {
  readonly isByCertificate: boolean
  prepare(): Promise<ClientAuth>
}

/** @throws ConfigurationError */
export function judgeClientAuthentication(options: ClientAuthenticationOptions): ClientAuthentication {
  const { clientId, clientSecret, privateKey, algorithm, keyId } = options
  requireString(clientId, '`clientId`')
  if (clientSecret !== undefined && privateKey !== undefined)
    throw new ConfigurationError('`clientSecret` and `privateKey` exclude each other')
  if (privateKey === undefined && (algorithm !== undefined || keyId !== undefined))
    throw new ConfigurationError('`algorithm` and `keyId` belong to a `privateKey`')
  if (clientSecret !== undefined) {
    const bySecret = ClientSecretBasic(requireString(clientSecret, '`clientSecret`'))
    return { isByCertificate: false, prepare: async () => bySecret }
  }
  if (privateKey === undefined) return { isByCertificate: true, prepare: async () => TlsClientAuth() }
  const signingKey = requireSigningKey(privateKey, algorithm, keyId)
  return { isByCertificate: false, prepare: async () => PrivateKeyJwt(await signingKey()) }
}
