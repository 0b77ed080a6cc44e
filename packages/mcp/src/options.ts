// What is asked of a developer: the options of a verifier, and what an MCP server says of itself beyond them. The
// metadata are made of the same options that the verifier is built with, so that nothing is written twice.
import { ConfigurationError, type VerifierOptions } from '@sallyport/core'

/** Nothing about trust: `SALLYPORT_ISSUER` and `SALLYPORT_AUDIENCE` say it. */
export interface TrustOfEnvironment {
  readonly issuer?: never
  readonly issuers?: never
  readonly audience?: never
}

/** What the metadata say that a verifier does not know (RFC 9728 §2). */
export interface ProtectedResourceOptions {
  /** The URL of this MCP server, as clients write it. @defaultValue the audience that is a URL */
  readonly resource?: string
  /** Who grants tokens for it. @defaultValue the issuers that are URLs */
  readonly authorizationServers?: readonly string[]
  /** The scopes that a client asks for at first. @defaultValue `requiredScopes`, or not said */
  readonly scopesSupported?: readonly string[]
  /** What people call it. */
  readonly resourceName?: string
  /** The URL of a page for developers. */
  readonly resourceDocumentation?: string
}

const ownNames = [
  'resource',
  'authorizationServers',
  'scopesSupported',
  'resourceName',
  'resourceDocumentation',
  'requiredScopes',
]

/**
 * The options that are the verifier's own; `undefined` where there are none, so that it asks the environment.
 *
 * @throws ConfigurationError for `credentials`
 */
export function verifierOptions(options: object): VerifierOptions | undefined {
  const given = Object.entries(options).filter(([name, value]) => value !== undefined && !ownNames.includes(name))
  const own = Object.fromEntries(given)
  if ('credentials' in own) {
    throw new ConfigurationError('a client of MCP sends its token in the Authorization header and nowhere else')
  }
  return given.length === 0 ? undefined : (own as unknown as VerifierOptions)
}

/** The same, with what the metadata say beside them. Without trust in them, the environment has it. */
export function withResource(
  trust: VerifierOptions | undefined,
  options: ProtectedResourceOptions,
): VerifierOptions | undefined {
  const { SALLYPORT_ISSUER: issuer, SALLYPORT_AUDIENCE: audience } = process.env
  const own = trust ?? (issuer && audience ? { issuer, audience } : undefined)
  const { resource: url, authorizationServers, scopesSupported, resourceName: name } = options
  const said = { url, authorizationServers, scopesSupported, name, documentation: options.resourceDocumentation }
  const resource = Object.fromEntries(Object.entries(said).filter(([, value]) => value !== undefined))
  return own && ({ ...own, resource } as VerifierOptions) // `undefined` does not build, and says why
}

/** @throws ConfigurationError */
export function requireList(value: unknown, name: string): readonly string[] {
  if (Array.isArray(value) && value.every((item) => typeof item === 'string' && item !== '')) return value
  throw new ConfigurationError(`\`${name}\` must be an array of strings`)
}

/** Who we are. @param options - that a verifier was built with, so that they are known to be good */
export function audiencesOf(options: VerifierOptions | undefined): readonly string[] {
  const { SALLYPORT_AUDIENCE = '' } = process.env
  const records =
    options === undefined
      ? [{ audience: SALLYPORT_AUDIENCE }]
      : 'issuers' in options && options.issuers !== undefined
        ? options.issuers
        : [options]
  return [...new Set(records.flatMap(({ audience }) => audience as string | readonly string[]))]
}
