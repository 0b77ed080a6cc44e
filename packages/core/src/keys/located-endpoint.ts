// Where an endpoint of an issuer is: found once for all who ask at a time, and again every hour, or after a failure.
import type { Clock } from '../clock.js'
import type { FetchContext } from './fetch-document.js'

/** Finds a place, as metadata names it. */
export type Locate = (context: FetchContext) => Promise<URL>

interface Location {
  readonly url: Promise<URL>
  readonly until: number
}

const locationSeconds = 3_600

export class LocatedEndpoint {
  readonly #locate: Locate
  readonly #clock: Clock
  #location: Location | undefined

  /** @param clock - seconds since the epoch */
  constructor(locate: Locate, clock: Clock) {
    this.#locate = locate
    this.#clock = clock
  }

  /** @throws what `locate` throws */
  find(context: FetchContext): Promise<URL> {
    const now = this.#clock()
    if (this.#location !== undefined && now < this.#location.until) return this.#location.url
    const location = { url: this.#locate(context), until: now + locationSeconds }
    location.url.catch(() => {
      if (this.#location === location) this.forget()
    })
    this.#location = location
    return location.url
  }

  /** It may have moved. */
  forget(): void {
    this.#location = undefined
  }
}
