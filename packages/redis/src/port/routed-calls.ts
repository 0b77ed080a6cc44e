// Calls that go to where a key lives, and after it where it has moved: a cluster moves keys between its servers, and says so
// by refusing (MOVED, ASK). A refused command was not run, so it is sent again where the server says.
import { monotonicClock } from '@sallyport/core/state'
import type { Calls } from './calls.js'
import type { Conditions } from './conditions.js'
import type { Line, Redirection, Servers } from './line.js'
import { RedisFault } from './redis-fault.js'
import type { Reply } from './redis-port.js'
import { describeCommand } from './server-errors.js'

const toleratedRedirections = 5

type Command = readonly string[]
type Answer = Reply | RedisFault

/** Calls by key. */
export class RoutedCalls {
  readonly #servers: Servers
  readonly #calls: Calls
  readonly #conditions: Conditions

  constructor(servers: Servers, calls: Calls, conditions: Conditions) {
    this.#servers = servers
    this.#calls = calls
    this.#conditions = conditions
  }

  /** @throws RedisFault */
  call(key: string, command: Command, seconds: number): Promise<Reply> {
    const until = monotonicClock() + seconds
    const line = this.#servers.lineFor(key)
    if (line?.isComing === true) return this.#callWhenReady(key, command, until)
    return this.#calls
      .call(line, key, command, seconds)
      .catch((error) => this.#callElsewhere(error, line, key, command, until))
  }

  async #callWhenReady(key: string, command: Command, until: number): Promise<Reply> {
    await this.#reach(() => this.#servers.lineFor(key), key, command, until)
    return this.call(key, command, until - monotonicClock())
  }

  async #callElsewhere(
    error: unknown,
    line: Line | undefined,
    key: string,
    command: Command,
    until: number,
  ): Promise<Reply> {
    if (line === undefined || !(error instanceof RedisFault) || !isRedirection(error)) throw error
    const [answer] = await this.#pursue(line, key, [command], [error], until)
    if (answer instanceof RedisFault) throw answer
    return answer as Reply
  }

  /** Each command has its answer in its place. @throws RedisFault where none was answered */
  async callAll(key: string, commands: readonly Command[], seconds: number): Promise<readonly Answer[]> {
    const until = monotonicClock() + seconds
    let line = this.#servers.lineFor(key)
    if (line?.isComing === true)
      line = await this.#reach(() => this.#servers.lineFor(key), key, commands[0] ?? [], until)
    const answers = await this.#calls.callAll(line, key, commands, until - monotonicClock())
    return line === undefined ? answers : this.#pursue(line, key, commands, answers, until)
  }

  /** The same on a line that nobody else waits behind; where it has to be made first, that is waited for. */
  async callAllApart(key: string, commands: readonly Command[], seconds: number): Promise<readonly Answer[]> {
    const until = monotonicClock() + seconds
    const line = await this.#reach(() => this.#servers.waitingLineFor(key), key, commands[0] ?? [], until)
    const answers = await this.#calls.callAll(line, key, commands, until - monotonicClock())
    for (const answer of answers) {
      // The next call goes to the right server; this one says that it was refused.
      if (answer instanceof RedisFault && isRedirection(answer)) this.#follow(line, key, answer)
    }
    return answers
  }

  /** Sends again what was redirected, until nothing is. What moved is of one slot, and moves together. */
  async #pursue(
    line: Line,
    key: string,
    commands: readonly Command[],
    answers: Answer[],
    until: number,
  ): Promise<Answer[]> {
    let from = line
    for (let count = 0; count < toleratedRedirections; count += 1) {
      const places = [...answers.keys()].filter((place) => isRedirection(answers[place]))
      const refusal = answers[places[0] ?? -1]
      const redirection = refusal instanceof RedisFault ? this.#follow(from, key, refusal) : undefined
      if (redirection === undefined) return answers
      const moved = places.map((place) => commands[place] ?? [])
      from = await this.#reach(redirection.line, key, moved[0] ?? [], until)
      const again = await this.#sendTo(from, redirection.isAsking, key, moved, until - monotonicClock())
      for (const [index, place] of places.entries()) answers[place] = again[index] ?? null
    }
    return answers
  }

  async #sendTo(line: Line, isAsking: boolean, key: string, commands: Command[], seconds: number): Promise<Answer[]> {
    if (!isAsking) return this.#calls.callAll(line, key, commands, seconds)
    const asking = commands.flatMap((command) => [['ASKING'], command])
    const answers = await this.#calls.callAll(line, key, asking, seconds)
    return answers.filter((_, place) => place % 2 === 1)
  }

  #follow(line: Line, key: string, refusal: RedisFault): Redirection | undefined {
    return refusal.cause instanceof Error ? this.#servers.follow(line, key, refusal.cause.message) : undefined
  }

  /** A line that is ready, as soon as it is. */
  async #reach(find: () => Line | undefined, key: string, command: Command, until: number): Promise<Line> {
    const isReady = (): boolean => find()?.isReady === true
    const late = (): Error => {
      const what = describeCommand(command, key)
      return new RedisFault('offline', `there is no connection to Redis: ${what} was not sent`, { isUndone: true })
    }
    await this.#conditions.until(isReady, until - monotonicClock(), late)
    return find() as Line
  }
}

function isRedirection(answer: Answer | undefined): boolean {
  return answer instanceof RedisFault && ['MOVED', 'ASK', 'READONLY'].includes(answer.reply ?? '')
}
