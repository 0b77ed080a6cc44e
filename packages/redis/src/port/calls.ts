// One call to one server: with a deadline of its own, past a breaker, and with an error that says whether anything was done.
import type { Breaker } from './breaker.js'
import { type Deadline, DeadlineWheel } from './deadline-wheel.js'
import type { Line } from './line.js'
import { RedisFault } from './redis-fault.js'
import type { Reply } from './redis-port.js'
import { describeCommand, toFault } from './server-errors.js'

/** The calls of a port, as long as they last. */
export class Calls {
  readonly wheel: DeadlineWheel = new DeadlineWheel()
  #underWay = 0
  #onIdle: (() => void) | undefined
  #isClosed = false

  /** Sends a command. @param key - for the message of a fault @throws RedisFault */
  call(line: Line | undefined, key: string, command: readonly string[], seconds: number): Promise<Reply> {
    // By hand and not with `await`: this is the way of every call, and half of what a call costs here.
    return new Promise((resolve, reject) => {
      const { breaker } = this.#admit(line, key, command)
      this.#underWay += 1
      const fail = (error: unknown): void => {
        this.#finish()
        reject(judge(error, breaker, command, key))
      }
      const deadline: Deadline = { row: undefined, place: 0, onDue: () => fail(deadlineFault(command, key)) }
      this.wheel.start(deadline, seconds)
      line?.send(command).then(
        (reply) => {
          breaker.succeeded() // late or not: who is far away is not silent
          if (!this.wheel.settle(deadline)) return
          this.#finish()
          resolve(reply)
        },
        (error) => {
          if (this.wheel.settle(deadline)) fail(error)
        },
      )
    })
  }

  /** Sends commands in one write. Each has its answer in its place. @throws RedisFault where none was answered */
  async callAll(
    line: Line | undefined,
    key: string,
    commands: readonly (readonly string[])[],
    seconds: number,
  ): Promise<(Reply | RedisFault)[]> {
    const { breaker } = this.#admit(line, key, commands[0] ?? [])
    this.#underWay += 1
    const answers: (Reply | RedisFault)[] = commands.map((command) => deadlineFault(command, key))
    try {
      // All of them before anything else has a turn: the client writes at once what was sent in one go.
      const all = commands.map((command, place) =>
        (line as Line).send(command).then(
          (reply) => {
            breaker.succeeded()
            answers[place] = reply
          },
          (error) => {
            answers[place] = toFault(error, describeCommand(command, key))
          },
        ),
      )
      // What is late stands in the answers already.
      await this.wheel.within(seconds, Promise.all(all), () => deadlineFault([], key)).catch(() => {})
    } finally {
      this.#finish()
    }
    const unanswered = answers.filter((answer) => answer instanceof RedisFault && answer.kind !== 'refused')
    if (unanswered.length === 0) breaker.succeeded()
    else breaker.failed()
    if (unanswered.length === answers.length) throw unanswered[0]
    return [...answers] // whatever comes later is not heard
  }

  /** Lets no more calls in, and waits for those under way. */
  async close(seconds: number): Promise<void> {
    this.#isClosed = true
    if (this.#underWay === 0) return
    await new Promise<void>((resolve) => {
      const deadline: Deadline = { row: undefined, place: 0, onDue: resolve }
      this.wheel.start(deadline, seconds)
      this.#onIdle = () => {
        this.wheel.settle(deadline)
        resolve()
      }
    })
  }

  #admit(line: Line | undefined, key: string, command: readonly string[]): Line {
    if (this.#isClosed) throw offline('Redis was left', command, key)
    if (line?.isReady !== true) throw offline('there is no connection to Redis', command, key)
    if (!line.breaker.mayCall()) throw offline('Redis has not answered of late', command, key)
    return line
  }

  #finish(): void {
    this.#underWay -= 1
    if (this.#underWay === 0) this.#onIdle?.()
  }
}

function judge(error: unknown, breaker: Breaker, command: readonly string[], key: string): RedisFault {
  const fault = toFault(error, describeCommand(command, key))
  if (fault.kind === 'refused') breaker.succeeded()
  else breaker.failed()
  return fault
}

function offline(why: string, command: readonly string[], key: string): RedisFault {
  return new RedisFault('offline', `${why}: ${describeCommand(command, key)} was not sent`, { isUndone: true })
}

function deadlineFault(command: readonly string[], key: string): RedisFault {
  return new RedisFault('deadline', `${describeCommand(command, key)} was not answered in time`, { isUndone: false })
}
