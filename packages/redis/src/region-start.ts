// The start of one region: connected, and found to be as the options say: who we are there, which version, which settings. What
// is not so may be mended by the operator at any time, so it is asked again until it is.
import { ConfigurationError } from '@sallyport/core'
import { publishState } from '@sallyport/core/state'
import type { RedisPort } from './port/redis-port.js'

/** After the network has failed it is tried again soon; what only an operator mends, later. */
const networkPauseSeconds = 0.1
const refusalPauseSeconds = 2

/** Begins as soon as it is made. */
export class RegionStart {
  readonly #port: RedisPort
  readonly #timeoutSeconds: number
  readonly #waiting = new Set<(refusal: ConfigurationError) => void>()
  #refusal: ConfigurationError | undefined
  #timer: NodeJS.Timeout | undefined
  #isEnded = false

  constructor(port: RedisPort, timeoutSeconds: number) {
    this.#port = port
    this.#timeoutSeconds = timeoutSeconds
    void this.#begin()
  }

  /** What waiting does not mend, as long as nobody has mended it. */
  get refusal(): ConfigurationError | undefined {
    return this.#refusal
  }

  /** A promise that only ever rejects, with what waiting does not mend; and the function that ends the wait. */
  refused(): { readonly promise: Promise<never>; readonly forget: () => void } {
    let listener: (refusal: ConfigurationError) => void = () => {}
    const promise = new Promise<never>((_, reject) => {
      listener = reject
      if (this.#refusal === undefined) this.#waiting.add(listener)
      else reject(this.#refusal)
    })
    return { promise, forget: () => void this.#waiting.delete(listener) }
  }

  end(): void {
    this.#isEnded = true
    clearTimeout(this.#timer)
  }

  async #begin(): Promise<void> {
    try {
      await this.#port.connect(this.#timeoutSeconds)
      this.#refusal = undefined
    } catch (error) {
      this.#again(error)
    }
  }

  #again(error: unknown): void {
    if (this.#isEnded) return
    const isRefusal = error instanceof ConfigurationError
    if (isRefusal) this.#refuse(error)
    const seconds = isRefusal ? refusalPauseSeconds : networkPauseSeconds
    this.#timer = setTimeout(() => void this.#begin(), seconds * 1000).unref()
  }

  #refuse(refusal: ConfigurationError): void {
    if (refusal.message !== this.#refusal?.message) publishState({ outcome: 'warning', reason: refusal.message })
    this.#refusal = refusal
    for (const reject of this.#waiting) reject(refusal)
    this.#waiting.clear()
  }
}
