// One token, fetched before it is needed and replaced before it expires. One flight at a time, whoever asks; and a flight that
// fails takes nothing away: a token that still holds is served until it expires.
import type { Publish } from '../client-events.js'
import { DownstreamError } from '../downstream-error.js'
import type { AccessToken } from './token-source.js'

/** After a failure nobody asks the authorization server for so long, in seconds. */
const restSeconds = 2

/** A token that is younger is not replaced when a service refuses it: another would fare no better. In seconds. */
const leastAgeSeconds = 10

/** Fetches a token. @throws DownstreamError */
export type FetchToken = () => Promise<AccessToken>

export class HeldToken {
  readonly #clock: () => number
  readonly #publish: Publish
  #token: AccessToken | undefined
  #flight: Promise<AccessToken> | undefined
  #failure: { readonly error: unknown; readonly until: number } | undefined
  #isOutdated = false

  constructor(clock: () => number, publish: Publish) {
    this.#clock = clock
    this.#publish = publish
  }

  async current(fetchToken: FetchToken): Promise<AccessToken> {
    const token = this.#token
    const now = this.#clock()
    if (token === undefined || now >= token.expiresAt) return this.#fetch(fetchToken)
    // Nobody waits for the next one while this one holds. Its failure is an event, and was published.
    if (now >= token.refreshAt || this.#isOutdated) this.#fetch(fetchToken).catch(() => {})
    return token
  }

  async replace(refused: AccessToken, fetchToken: FetchToken): Promise<AccessToken | undefined> {
    const token = this.#token
    if (token !== undefined && token.value !== refused.value) return token
    // INVARIANT: a service that refuses every token makes us ask for one every `leastAgeSeconds`, not for one a call.
    const isYoung = this.#clock() - refused.obtainedAt < leastAgeSeconds
    if (isYoung && !this.#isOutdated && this.#flight === undefined) return undefined
    const fetched = await this.#fetch(fetchToken).catch(() => undefined)
    return fetched?.value === refused.value ? undefined : fetched
  }

  renew(): void {
    this.#isOutdated = true
  }

  async #fetch(fetchToken: FetchToken): Promise<AccessToken> {
    if (this.#flight !== undefined) return this.#flight
    if (this.#failure !== undefined && this.#clock() < this.#failure.until) throw this.#failure.error
    // Now, and not when the token has come: what is renewed while one is on its way, is renewed once more.
    const wasOutdated = this.#isOutdated
    this.#isOutdated = false
    this.#flight = this.#land(fetchToken, wasOutdated).finally(() => {
      this.#flight = undefined
    })
    return this.#flight
  }

  async #land(fetchToken: FetchToken, wasOutdated: boolean): Promise<AccessToken> {
    try {
      this.#token = await fetchToken()
      this.#failure = undefined
      this.#publish({ outcome: 'token_obtained', expiresAt: this.#token.expiresAt })
      return this.#token
    } catch (error) {
      this.#isOutdated ||= wasOutdated
      this.#failure = { error, until: this.#clock() + restSeconds }
      this.#publish({
        outcome: 'token_failed',
        reason: error instanceof DownstreamError ? error.message : 'no token came',
      })
      throw error
    }
  }
}

/** When the next token is fetched: a tenth of the lifetime before the end, 10 to 60 seconds, and never more than half of it. */
export function refreshTimeOf(obtainedAt: number, lifetimeSeconds: number): number {
  const margin = Math.min(Math.max(lifetimeSeconds / 10, 10), 60, lifetimeSeconds / 2)
  return obtainedAt + lifetimeSeconds - margin
}
