// One contender, once: a fresh server that has shown that it judges rightly, and what a request costs it.
import { fileURLToPath } from 'node:url'
import { requireRightAnswers } from './answers.js'
import { Child } from './child.js'

const otherSideProgram = fileURLToPath(new URL('other-side.js', import.meta.url))
const serverCore = 0
const otherCore = 1

/** By then, whoever remembers tokens remembers all of the hot ones. */
const leastShown = 3_000

export class HttpLaboratory {
  #otherSide
  #tokens
  #settings

  /** Makes tokens for the cold workload: about as many as a server can judge in a window and its warm-up. */
  async open({ milliseconds, connections }) {
    const [warmUp, window] = [2 * milliseconds, 4 * milliseconds].map(Math.ceil)
    this.#settings = { milliseconds, connections, cold: { warmUp, window } }
    this.#otherSide = new Child(otherCore, [otherSideProgram, String(warmUp + window)])
    await this.#otherSide.next(600)
    this.#tokens = await this.#otherSide.ask({ question: 'tokens' }, 10)
  }

  /** What a request costs: CPU time, and what goes with it. */
  async measure({ group, name, argv, isOpen }) {
    const { jwksUri, good, bad } = this.#tokens
    const { connections } = this.#settings
    const server = new Child(serverCore, [...argv, name, jwksUri])
    try {
      const { port } = await server.next(30)
      await requireRightAnswers(port, { good, bad: isOpen ? {} : bad })
      await this.#otherSide.ask({ question: 'connect', port, connections }, 10)
      return await this.#windows(server)
    } catch (cause) {
      throw new Error(`${group}: ${name}: ${cause.message}`, { cause })
    } finally {
      await server.end()
    }
  }

  async close() {
    await this.#otherSide?.end()
  }

  /** Each workload was run before it counts: V8 needs that to optimize a slow library too. */
  async #windows(server) {
    const { milliseconds, cold } = this.#settings
    let shown = 0
    while (shown < leastShown) shown += (await this.#window(server, 'hot', milliseconds / 2)).requests
    await this.#window(server, 'cold', milliseconds / 2, cold.warmUp)
    return {
      hot: await this.#window(server, 'hot', milliseconds),
      cold: await this.#window(server, 'cold', milliseconds, cold.window),
    }
  }

  async #window(server, question, milliseconds, limit) {
    const before = await server.cpuMicroseconds()
    const sent = await this.#otherSide.ask({ question, milliseconds, limit }, milliseconds / 1_000 + 30)
    const microseconds = (await server.cpuMicroseconds()) - before
    return {
      requests: sent.requests,
      microseconds: microseconds / sent.requests,
      perSecond: (1_000 * sent.requests) / sent.milliseconds,
      busy: microseconds / (1_000 * sent.milliseconds),
    }
  }
}
