// A process of the benchmark: on a core of its own, one question at a time, and gone when the benchmark is, however it ends.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { pinnedTo } from '../pinned-node.js'

const running = new Set()
process.once('exit', () => {
  for (const child of running) child.kill('SIGKILL')
})
for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => process.exit(1))

export class Child {
  #process
  #complaints = ''

  constructor(core, argv) {
    const [command, ...first] = pinnedTo(core)
    const env = { ...process.env, NODE_ENV: 'production' }
    this.#process = spawn(command, [...first, ...argv], { env, stdio: ['ignore', 'ignore', 'pipe', 'ipc'] })
    this.#process.stderr.setEncoding('utf8').on('data', (text) => {
      this.#complaints += text
    })
    running.add(this.#process)
  }

  /** What it says next, within bounds; that it ended, or said that it failed, is an error. */
  async next(seconds) {
    const patience = new AbortController()
    const signal = AbortSignal.any([patience.signal, AbortSignal.timeout(1_000 * seconds)])
    try {
      const [message] = await Promise.race([
        once(this.#process, 'message', { signal }),
        once(this.#process, 'close', { signal }).then(() => [{ failure: `the process ended: ${this.#complaints}` }]),
      ])
      if (message.failure === undefined) return message
      throw new Error(message.failure)
    } catch (cause) {
      if (cause.name !== 'AbortError') throw cause
      throw new Error(`no answer within ${seconds} s: ${this.#complaints}`, { cause })
    } finally {
      patience.abort()
    }
  }

  ask(question, seconds) {
    const answer = this.next(seconds)
    this.#process.send(question)
    return answer
  }

  /** CPU time so far, all threads: to the nanosecond where the system counts so, as the process itself counts elsewhere. */
  async cpuMicroseconds() {
    if (!existsSync('/proc/self/schedstat')) return this.ask('cpu', 10)
    const tasks = `/proc/${this.#process.pid}/task`
    const nanoseconds = readdirSync(tasks).map((id) => readFileSync(`${tasks}/${id}/schedstat`, 'utf8').split(' ')[0])
    return nanoseconds.reduce((sum, of) => sum + Number(of), 0) / 1_000
  }

  async end() {
    if (this.#process.exitCode === null && this.#process.signalCode === null) {
      const ended = once(this.#process, 'exit')
      this.#process.kill('SIGKILL')
      await ended
    }
    running.delete(this.#process)
  }
}
