// How an issuer is asked about tokens that say nothing by themselves (RFC 7662): what a developer writes, judged once.
import { ConfigurationError } from './errors.js'
import type { ClientAuthentication } from './introspection/client-authentication.js'
import { discoveryUrlOf, type KeySourceOptions, requireIssuerUrl, requireUrl } from './issuer-keys.js'
import type { AsymmetricAlgorithm } from './jose/algorithms.js'
import { importAssertionKey } from './jose/client-assertion.js'
import { type KeyObject, UnusableKeyError } from './jose/jwk.js'
import { requireKnownOptions, requireSeconds, requireStrings } from './option-checks.js'

/** How opaque tokens of an issuer are asked about. One of `clientSecret`, `privateKey` and `mutualTls` says how we prove who we are. */
export interface IntrospectionOptions {
  /** Where it answers. @defaultValue `introspection_endpoint` of its metadata */
  readonly endpoint?: string
  /** Who we are to the issuer: a client of our own, that may ask about tokens. */
  readonly clientId: string
  /** Proves it by HTTP Basic (RFC 6749 §2.3.1). */
  readonly clientSecret?: string
  /** Proves it by an assertion for each call (`private_key_jwt`, RFC 7523): a private JWK or a KeyObject. */
  readonly privateKey?: KeyObject | object
  /** Proves it by the certificate that the `fetch` of the options shows (RFC 8705 §2). @defaultValue false */
  readonly mutualTls?: boolean
  /** What {@link privateKey} signs with. @defaultValue `alg` of the JWK, or the only one that the key can */
  readonly algorithm?: AsymmetricAlgorithm
  /** `kid` of its assertions. @defaultValue that of the JWK */
  readonly keyId?: string
  /**
   * An answer that a token is active serves so long, and never beyond its `exp`; a token that the issuer takes back passes no
   * longer. 1 to 600 seconds. @defaultValue 60
   */
  readonly lifetimeSeconds?: number
  /** An answer that it is not serves so long, 0 to 300 seconds. @defaultValue 10 */
  readonly inactiveSeconds?: number
  /** An answer is waited for so long, 0.01 to 30 seconds. @defaultValue 2 */
  readonly timeoutSeconds?: number
  /** Asks for answers that the issuer has signed (RFC 9701), and takes no other. @defaultValue false */
  readonly signed?: boolean
  /**
   * Lets answers pass that do not say whom a token is for: every token of the issuer is then one for us, whichever API the user
   * has granted it for. An answer that names others is refused all the same. @defaultValue false
   */
  readonly dangerouslyAllowMissingAudience?: boolean
}

/** {@link IntrospectionOptions}, judged. */
export interface IntrospectionSettings {
  readonly client: ClientAuthentication
  /** `undefined`: the metadata says it. */
  readonly endpoint: URL | undefined
  readonly discoveryUrl: URL | undefined
  readonly lifetimeSeconds: number
  readonly inactiveSeconds: number
  readonly timeoutSeconds: number
  readonly isSigned: boolean
  readonly allowsMissingAudience: boolean
}

const optionNames: readonly (keyof IntrospectionOptions)[] = [
  'endpoint',
  'clientId',
  'clientSecret',
  'privateKey',
  'mutualTls',
  'algorithm',
  'keyId',
  'lifetimeSeconds',
  'inactiveSeconds',
  'timeoutSeconds',
  'signed',
  'dangerouslyAllowMissingAudience',
]

/**
 * Judges the options.
 *
 * @param template - the issuer as it is written in the options, `{tenant}` and all
 * @throws ConfigurationError
 */
export function judgeIntrospection(
  issuer: string,
  template: string,
  options: IntrospectionOptions,
  keySource: KeySourceOptions,
): IntrospectionSettings {
  const what = `${issuer}: \`introspection\``
  if (typeof options !== 'object' || options === null) throw new ConfigurationError(`${what} must be an object`)
  requireKnownOptions(options, optionNames, what)
  const { endpoint, lifetimeSeconds = 60, inactiveSeconds = 10, timeoutSeconds = 2 } = options
  const discoveryUrl = discoveryUrlOf(issuer, template, keySource)
  if (endpoint === undefined && discoveryUrl === undefined) requireIssuerUrl(issuer, '`endpoint` of `introspection`')
  return Object.freeze({
    client: judgeClient(options, what),
    endpoint: endpoint === undefined ? undefined : requireUrl(endpoint, `${what}.endpoint`),
    discoveryUrl,
    lifetimeSeconds: requireSeconds(lifetimeSeconds, `${what}.lifetimeSeconds`, 1, 600),
    inactiveSeconds: requireSeconds(inactiveSeconds, `${what}.inactiveSeconds`, 0, 300),
    timeoutSeconds: requireSeconds(timeoutSeconds, `${what}.timeoutSeconds`, 0.01, 30),
    isSigned: requireFlag(options.signed, `${what}.signed`),
    allowsMissingAudience: requireFlag(
      options.dangerouslyAllowMissingAudience,
      `${what}.dangerouslyAllowMissingAudience`,
    ),
  })
}

function judgeClient(options: IntrospectionOptions, what: string): ClientAuthentication {
  const { clientSecret, privateKey } = options
  const isCertificate = requireFlag(options.mutualTls, `${what}.mutualTls`)
  const clientId = requireText(options.clientId, `${what}.clientId`)
  if (Number(clientSecret !== undefined) + Number(privateKey !== undefined) + Number(isCertificate) !== 1)
    throw new ConfigurationError(`${what} needs one of \`clientSecret\`, \`privateKey\` and \`mutualTls\``)
  if (privateKey === undefined && (options.algorithm !== undefined || options.keyId !== undefined))
    throw new ConfigurationError(`${what}: \`algorithm\` and \`keyId\` go with \`privateKey\``)
  if (clientSecret !== undefined)
    return Object.freeze({ clientId, by: 'secret', secret: requireText(clientSecret, `${what}.clientSecret`) })
  if (privateKey === undefined) return Object.freeze({ clientId, by: 'certificate' })
  return Object.freeze({ clientId, by: 'key', key: judgeKey(privateKey, options, what) })
}

function judgeKey(key: KeyObject | object, { algorithm, keyId }: IntrospectionOptions, what: string) {
  if (typeof key !== 'object' || key === null)
    throw new ConfigurationError(`${what}.privateKey must be a private JWK or a KeyObject`)
  if (keyId !== undefined) requireText(keyId, `${what}.keyId`)
  try {
    return importAssertionKey(key, { algorithm, keyId })
  } catch (cause) {
    const reason = cause instanceof UnusableKeyError ? cause.message : 'it is no key'
    throw new ConfigurationError(`${what}.privateKey can't be used: ${reason}`, { cause })
  }
}

function requireText(text: unknown, what: string): string {
  const [first] = typeof text === 'string' ? requireStrings(text, what) : []
  if (first === undefined) throw new ConfigurationError(`${what} must be a string, and not empty`)
  return first
}

function requireFlag(flag: unknown, what: string): boolean {
  if (flag === undefined || typeof flag === 'boolean') return flag ?? false
  throw new ConfigurationError(`${what} must be true or false`)
}
