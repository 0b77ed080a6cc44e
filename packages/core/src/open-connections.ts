// A decision about a request holds for a moment; a connection that was opened on the strength of it stays. So it is judged
// again: when what it was allowed by runs out, when something of it is revoked, and every so often for what nobody
// announces, such as a key that is gone or a policy that was replaced.
import type { Clock } from './clock.js'
import { type Allowed, type Decision, type Denied, Principal } from './decision.js'
import type { State } from './state/state.js'

/** Decides anew about what is open. */
export type Judge = () => Decision<unknown> | Promise<Decision<unknown>>

/**
 * Ends what is open. Gets the refusal, or, where nobody can tell any more, nothing and the error that kept us from telling;
 * neither after `close` of the verifier.
 */
export type EndConnection = (denied: Denied | undefined, error?: unknown) => void

interface OpenConnection {
  readonly judge: Judge
  readonly end: EndConnection
  /** Whom the last judgement let stay; nobody while it is judged. */
  auth: unknown
  timer: NodeJS.Timeout | undefined
}

/** Seconds: the longest that a connection goes without a judgement, be it that none began or that none came. */
const longestRest = 60

/** The connections that a verifier keeps an eye on. */
export class OpenConnections {
  readonly #open = new Set<OpenConnection>()
  readonly #clock: Clock
  readonly #state: State
  #endListening: (() => void) | undefined
  /** How many revocations were heard of. */
  #revocations = 0

  constructor(clock: Clock, state: State) {
    this.#clock = clock
    this.#state = state
  }

  /** Judges at once, and again until it is denied or the function that this answers is called. */
  watch(judge: Judge, end: EndConnection): () => void {
    const connection: OpenConnection = { judge, end, auth: undefined, timer: undefined }
    this.#endListening ??= this.#state.onRevoked(() => this.#judgeRevoked())
    this.#open.add(connection)
    void this.#judgeAgain(connection)
    return () => this.#forget(connection)
  }

  close(): void {
    for (const connection of [...this.#open]) this.#end(connection, undefined)
  }

  /** One judgement at a time. */
  async #judgeAgain(connection: OpenConnection): Promise<void> {
    connection.auth = undefined
    const tooLate = (): void => this.#end(connection, undefined, new Error(`no judgement within ${longestRest} s`))
    this.#wait(connection, longestRest, tooLate)
    const known = this.#revocations
    try {
      const decision = await judged(connection.judge)
      if (decision.allowed) this.#keep(connection, decision, known)
      else this.#end(connection, decision)
    } catch (error) {
      this.#end(connection, undefined, error) // who cannot be judged does not stay
    }
  }

  /** @param known - how many revocations the judgement knew of at least */
  #keep(connection: OpenConnection, { auth, validUntil }: Allowed<unknown>, known: number): void {
    if (!this.#open.has(connection)) return
    connection.auth = auth
    if (known !== this.#revocations && this.#isConcerned(connection)) return void this.#judgeAgain(connection)
    const left = validUntil - this.#clock()
    // Past its time and still allowed: that is the tolerance of clocks, which will be over as well.
    const seconds = left > 0 ? Math.min(left, longestRest) : 1
    this.#wait(connection, seconds, () => void this.#judgeAgain(connection))
  }

  /** Who is being judged right now is looked at when that is done. */
  #judgeRevoked(): void {
    this.#revocations += 1
    for (const connection of [...this.#open]) if (this.#mayBeConcerned(connection)) void this.#judgeAgain(connection)
  }

  /** Where the state cannot tell, the judge will say so, to whom it concerns. */
  #mayBeConcerned(connection: OpenConnection): boolean {
    try {
      return this.#isConcerned(connection)
    } catch {
      return true
    }
  }

  /** Whether it stays on the strength of something revoked, or of something that nobody knows. */
  #isConcerned({ auth }: OpenConnection): boolean {
    return auth instanceof Principal ? this.#state.isRevoked(Principal.accessTokenOf(auth)) : auth !== undefined
  }

  #wait(connection: OpenConnection, seconds: number, then: () => void): void {
    clearTimeout(connection.timer)
    connection.timer = setTimeout(then, Math.ceil(seconds * 1_000) + 1)
    connection.timer.unref()
  }

  #end(connection: OpenConnection, denied: Denied | undefined, error?: unknown): void {
    if (!this.#open.has(connection)) return
    this.#forget(connection)
    try {
      connection.end(denied, error)
    } catch (thrown) {
      // As of any callback, it is the application's to hear of; it keeps no other connection open.
      process.nextTick(() => {
        throw thrown
      })
    }
  }

  #forget(connection: OpenConnection): void {
    clearTimeout(connection.timer)
    this.#open.delete(connection)
    if (this.#open.size > 0) return
    this.#endListening?.()
    this.#endListening = undefined
  }
}

/** What is thrown comes later as well: nobody is ended before `watch` has answered. */
async function judged(judge: Judge): Promise<Decision<unknown>> {
  return judge()
}
