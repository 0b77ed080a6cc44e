// How long fetched keys live: what the issuer says, within bounds that the options say.

/** How long fetched keys live. All in seconds. */
export interface KeyLifetimeOptions {
  /** @defaultValue 60 */
  readonly leastLifetimeSeconds?: number
  /** Also the longest time after which a removed key is refused. @defaultValue 600 */
  readonly greatestLifetimeSeconds?: number
  /** Where the issuer does not say (`Cache-Control`, `Expires`). @defaultValue 300 */
  readonly defaultLifetimeSeconds?: number
  /** How long the last good set serves after its lifetime while the issuer cannot be reached. @defaultValue 3600 */
  readonly staleSeconds?: number
  /** For one document of the issuer. @defaultValue 5 */
  readonly timeoutSeconds?: number
}

/** {@link KeyLifetimeOptions} with every default in place. */
export type KeyLifetimes = Required<KeyLifetimeOptions>

export const defaultKeyLifetimes: KeyLifetimes = Object.freeze({
  leastLifetimeSeconds: 60,
  greatestLifetimeSeconds: 600,
  defaultLifetimeSeconds: 300,
  staleSeconds: 3_600,
  timeoutSeconds: 5,
})

/** The lifetime of a set, given what its issuer says. */
export function lifetimeOf(said: number | undefined, lifetimes: KeyLifetimes): number {
  const { leastLifetimeSeconds, greatestLifetimeSeconds, defaultLifetimeSeconds } = lifetimes
  return Math.min(greatestLifetimeSeconds, Math.max(leastLifetimeSeconds, said ?? defaultLifetimeSeconds))
}

/** How long any document can be of use. */
export function usefulSeconds({ greatestLifetimeSeconds, staleSeconds }: KeyLifetimes): number {
  return greatestLifetimeSeconds + staleSeconds
}
