// How a policy service is reached, and for how long what it says serves: what a developer writes, judged once.
import { ConfigurationError } from './errors.js'
import { requireUrl } from './issuer-keys.js'
import type { Fetch } from './keys/fetch-document.js'
import { requireKnownOptions, requireSeconds } from './option-checks.js'

/** What goes for every policy service. */
export interface PolicyServiceOptions {
  /**
   * How long a decision waits for the service, from the moment at which its policy is judged, 0.01 to 5 seconds.
   * @defaultValue 0.1
   */
  readonly timeoutSeconds?: number
  /** A yes serves so long for the same question, 0 to 60 seconds; a no as long, and a second at most. @defaultValue 5 */
  readonly lifetimeSeconds?: number
  /**
   * After that a yes goes on to serve for so long, 0 to 60 seconds, where the service does not answer. An explanation shows it.
   * @defaultValue 0
   */
  readonly staleIfErrorSeconds?: number
}

/** What goes for a policy service that is reached by HTTP. */
export interface HttpServiceOptions extends PolicyServiceOptions {
  /** Where it is: https, or plain http to a loopback host. */
  readonly url: string
  /** What we prove ourselves to it with, asked for at each call: `() => ({ authorization })`. */
  readonly headers?: () => Readonly<Record<string, string>> | Promise<Readonly<Record<string, string>>>
  /** Reaches it: for a proxy, a private CA or a client certificate. @defaultValue the `fetch` of Node */
  readonly fetch?: Fetch
}

/** {@link PolicyServiceOptions}, judged. */
export interface PolicyServiceSettings {
  readonly timeoutSeconds: number
  readonly lifetimeSeconds: number
  readonly staleIfErrorSeconds: number
}

/** {@link HttpServiceOptions}, judged. */
export interface HttpServiceSettings extends PolicyServiceSettings {
  /** As it was written. */
  readonly name: string
  readonly url: URL
  readonly headers: NonNullable<HttpServiceOptions['headers']>
  readonly fetch: Fetch
}

const names: readonly (keyof PolicyServiceOptions)[] = ['timeoutSeconds', 'lifetimeSeconds', 'staleIfErrorSeconds']
const httpNames: readonly (keyof HttpServiceOptions)[] = ['url', 'headers', 'fetch', ...names]

/** @throws ConfigurationError */
export function judgeServiceOptions(
  options: PolicyServiceOptions,
  what: string,
  known: readonly string[] = names,
): PolicyServiceSettings {
  if (typeof options !== 'object' || options === null) throw new ConfigurationError(`${what} takes options`)
  requireKnownOptions(options, known, what)
  const { timeoutSeconds = 0.1, lifetimeSeconds = 5, staleIfErrorSeconds = 0 } = options
  return {
    timeoutSeconds: requireSeconds(timeoutSeconds, `${what}: \`timeoutSeconds\``, 0.01, 5),
    lifetimeSeconds: requireSeconds(lifetimeSeconds, `${what}: \`lifetimeSeconds\``, 0, 60),
    staleIfErrorSeconds: requireSeconds(staleIfErrorSeconds, `${what}: \`staleIfErrorSeconds\``, 0, 60),
  }
}

/**
 * @param known - options of its own
 * @throws ConfigurationError
 */
export function judgeHttpServiceOptions(
  options: HttpServiceOptions,
  what: string,
  known: readonly string[] = [],
): HttpServiceSettings {
  const settings = judgeServiceOptions(options, what, [...httpNames, ...known])
  const { url: name, headers = () => ({}), fetch = globalThis.fetch } = options
  const url = requireUrl(name, `${what}: \`url\``)
  if (/[?#]/.test(name)) throw new ConfigurationError(`${what}: \`url\` must have no query and no fragment`)
  if (typeof headers !== 'function')
    throw new ConfigurationError(`${what}: \`headers\` must be a function that answers them`)
  if (typeof fetch !== 'function')
    throw new ConfigurationError(`${what}: \`fetch\` must be a function such as the \`fetch\` of Node`)
  return Object.freeze({ ...settings, name, url, headers, fetch })
}
