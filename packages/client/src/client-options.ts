// The options of a client, judged once.
import { ConfigurationError } from '@sallyport/core'
import type { CertificatePaths } from './connections/certificate-files.js'
import type { ConnectionSettings } from './connections/secure-connections.js'
import { requireSpiffeId, serverMustBe } from './connections/server-identity.js'
import { requireConfidentialUrl } from './destination.js'
import { requireFunction, requireKnownOptions, requireNumber, requireString, requireStrings } from './option-checks.js'
import { TokenSource } from './tokens/token-source.js'

/** Certificates by the names of their files, in PEM. */
export interface CertificateFileOptions {
  /** The certificate of this service, its chain behind it. With `keyFile`, or neither. */
  readonly certFile?: string
  /** Its private key, not encrypted. */
  readonly keyFile?: string
  /** The authorities that vouch for servers. @defaultValue those of Node */
  readonly caFile?: string
  /** The name that a server must have in its certificate. @defaultValue the host of the URL */
  readonly servername?: string
}

/** Certificates as spiffe-helper writes them: `svid.pem`, `svid_key.pem` and `bundle.pem` in one folder. */
export interface SpiffeFileOptions {
  readonly spiffeFolder: string
  /** SPIFFE IDs, one of which a server must have, in place of the host name. @defaultValue the host name is compared */
  readonly serverIds?: string | readonly string[]
}

/** What {@link serviceClient} takes. */
export interface ServiceClientOptions {
  /** What this client is called in events. @defaultValue `'client'` */
  readonly name?: string
  /** The certificate to show, and whom to believe. Read again when the files change. */
  readonly tls?: CertificateFileOptions | SpiffeFileOptions
  /** Where tokens come from: `clientCredentials()` or `tokenExchange()`. */
  readonly token?: TokenSource
  /**
   * Origins, such as `https://orders.example.com`, that `fetch` goes to, and no others. Needed with `token`: it goes wherever `fetch`
   * does. @defaultValue any, over TLS
   */
  readonly origins?: string | readonly string[]
  /** Lets `token` go to any origin, over TLS, where there are no `origins`. @defaultValue false */
  readonly dangerouslyAllowAnyOrigin?: boolean
  /** Until an answer begins, a token included, and between two parts of its body; in seconds. @defaultValue 10 */
  readonly timeoutSeconds?: number
  /** Until a connection stands, in seconds. @defaultValue 5 */
  readonly connectTimeoutSeconds?: number
  /** Connections to one origin at a time, at most. @defaultValue 64 */
  readonly connectionsPerOrigin?: number
  /** How often the files of `tls` are looked at, in seconds; 0 for never. @defaultValue 10 */
  readonly reloadSeconds?: number
  /** How long requests in flight may go on when their connections are replaced or closed, in seconds. @defaultValue 30 */
  readonly drainSeconds?: number
  /** The time, in seconds since the epoch. @defaultValue the clock of the machine */
  readonly clock?: () => number
}

/** The options, judged. */
export interface ClientSettings extends ConnectionSettings {
  readonly name: string
  readonly paths: CertificatePaths | undefined
  readonly token: TokenSource | undefined
  /** Empty where any origin will do. */
  readonly origins: readonly string[]
  readonly reloadSeconds: number
  readonly drainSeconds: number
  readonly clock: () => number
}

const known = [
  ...['name', 'tls', 'token', 'origins', 'timeoutSeconds', 'connectTimeoutSeconds', 'connectionsPerOrigin'],
  ...['reloadSeconds', 'drainSeconds', 'clock', 'dangerouslyAllowAnyOrigin'],
]

/** What would stop the check of the server's certificate. */
const switches = ['rejectUnauthorized', 'checkServerIdentity']

/** @throws ConfigurationError */
export function judgeClientOptions(
  options: ServiceClientOptions,
  environment: Readonly<Record<string, string | undefined>>,
): ClientSettings {
  refuseSwitches(options, environment)
  requireKnownOptions(options, known, 'serviceClient()')
  const { name = 'client', token, clock = () => Date.now() / 1000, connectionsPerOrigin = 64 } = options
  requireFunction(clock, '`clock`')
  if (token !== undefined && !(token instanceof TokenSource))
    throw new ConfigurationError('`token` must come from clientCredentials() or tokenExchange()')
  const origins = requireStrings(options.origins, '`origins`').map(requireOrigin)
  // A part of a URL that comes from outside would choose who gets the token.
  if (token !== undefined && origins.length === 0 && options.dangerouslyAllowAnyOrigin !== true)
    throw new ConfigurationError('`token` needs `origins`: those that it may go to')
  const seconds = (value: unknown, what: string, least: number, greatest: number) =>
    requireNumber(value, what, least, greatest)
  return {
    name: requireString(name, '`name`'),
    ...judgeTls(options.tls),
    token,
    origins,
    timeoutSeconds: seconds(options.timeoutSeconds ?? 10, '`timeoutSeconds`', 0.1, 300),
    connectTimeoutSeconds: seconds(options.connectTimeoutSeconds ?? 5, '`connectTimeoutSeconds`', 0.1, 60),
    connectionsPerOrigin: Math.floor(requireNumber(connectionsPerOrigin, '`connectionsPerOrigin`', 1, 10_000)),
    reloadSeconds: seconds(options.reloadSeconds ?? 10, '`reloadSeconds`', 0, 86_400),
    drainSeconds: seconds(options.drainSeconds ?? 30, '`drainSeconds`', 0, 3_600),
    clock,
  }
}

/** A service that does not prove who it is, is not called. There is no switch for that, here or in the environment. */
function refuseSwitches(
  options: ServiceClientOptions,
  environment: Readonly<Record<string, string | undefined>>,
): void {
  for (const part of [options, options?.tls ?? {}]) {
    const found = switches.find((name) => Object.hasOwn(part ?? {}, name))
    if (found !== undefined)
      throw new ConfigurationError(`\`${found}\` is no option: the certificate of a server is always verified`)
  }
  if (environment['NODE_TLS_REJECT_UNAUTHORIZED'] === '0')
    throw new ConfigurationError('NODE_TLS_REJECT_UNAUTHORIZED=0 turns off the check of certificates; unset it')
}

function judgeTls(tls: ServiceClientOptions['tls']): Pick<ClientSettings, 'paths' | 'servername' | 'checkServer'> {
  if (tls === undefined) return { paths: undefined }
  if (typeof tls === 'object' && tls !== null && 'spiffeFolder' in tls) return judgeSpiffe(tls)
  requireKnownOptions(tls, ['certFile', 'keyFile', 'caFile', 'servername'], '`tls`')
  const { certFile, keyFile, caFile, servername } = tls
  if ((certFile === undefined) !== (keyFile === undefined))
    throw new ConfigurationError('`certFile` and `keyFile` come together')
  if (certFile === undefined && caFile === undefined)
    throw new ConfigurationError('`tls` must name a `certFile` with its `keyFile`, a `caFile`, or a `spiffeFolder`')
  return {
    paths: {
      ...(certFile === undefined ? {} : { cert: requireString(certFile, '`certFile`') }),
      ...(keyFile === undefined ? {} : { key: requireString(keyFile, '`keyFile`') }),
      ...(caFile === undefined ? {} : { ca: requireString(caFile, '`caFile`') }),
    },
    servername: servername === undefined ? undefined : requireString(servername, '`servername`'),
  }
}

function judgeSpiffe(tls: SpiffeFileOptions): Pick<ClientSettings, 'paths' | 'checkServer'> {
  requireKnownOptions(tls, ['spiffeFolder', 'serverIds'], '`tls`')
  const folder = requireString(tls.spiffeFolder, '`spiffeFolder`').replace(/[/\\]+$/, '')
  const ids = requireStrings(tls.serverIds, '`serverIds`').map(requireSpiffeId)
  const paths = { cert: `${folder}/svid.pem`, key: `${folder}/svid_key.pem`, ca: `${folder}/bundle.pem` }
  return { paths, checkServer: ids.length === 0 ? undefined : serverMustBe(ids) }
}

function requireOrigin(value: string): string {
  const { href, origin } = requireConfidentialUrl(value, '`origins`')
  if (href === `${origin}/`) return origin
  throw new ConfigurationError('`origins` must be origins, without a path')
}
