// What was used once, anywhere in the fleet: one `SET NX GET` with the id of this attempt. Who finds nothing is first; who finds
// his own id asks a second time after an answer that was lost, and was first; who finds another's is not. Whatever else comes
// of it, nobody passes: that nobody can tell is no first use.
//
// An attempt of which nobody knows what became may have used it up, and has let nobody in. So its id is kept, and whoever comes
// with the same thing again asks with that id: for an outage of ours, nobody is told that he repeats himself.
//
// What this process has seen used it remembers by itself, too: the same thing again costs no round trip, and a server that
// lost its keys or whose clock jumped does not let it pass here.
import { type ReplayGuard, type SingleUse, VerificationError } from '@sallyport/core'
import { type Clock, monotonicClock, pause } from '@sallyport/core/state'
import { RedisFault } from './port/redis-fault.js'
import type { RedisPort, Reply } from './port/redis-port.js'
import { RecentEntries } from './recent-entries.js'
import type { KeyNames } from './sealing/key-names.js'
import { randomId } from './sealing/random.js'

const callSeconds = 0.1
/** For all of it: a call, another after its answer was lost, and what lies between. */
const overallSeconds = 0.25
const pauseSeconds = 0.02
/** A use outlives what it is about: the clock of a server may be set while it counts. */
const marginSeconds = 60
/** Nothing that is used once is good for longer. */
const greatestSeconds = 10 * 365 * 86_400
const greatestUses = 100_000

/** What was seen here. */
interface Seen {
  readonly until: number
  /** Whether it was this process that used it. */
  readonly isOurs: boolean
}

const unseen: Seen = { until: 0, isOurs: false }

/** How a {@link RedisReplayGuard} knows the time, and how sure it makes. */
export interface ReplayGuardSettings {
  readonly clock: Clock
  /** How many replicas must have a use before it counts; `undefined`: it counts once the master has it. */
  readonly replicas?: number | undefined
  /** How many uses this process remembers by itself, and as many that are open; of more, Redis alone knows. @defaultValue 100000 */
  readonly maxUses?: number
}

/** Uses of one namespace. */
export class RedisReplayGuard implements ReplayGuard {
  readonly #port: RedisPort
  readonly #names: KeyNames
  readonly #clock: Clock
  readonly #replicas: number | undefined
  readonly #seen: RecentEntries<Seen>
  /** Attempts of which nobody knows what became. INVARIANT: an id in here let nobody in, and nobody asks with it now. */
  readonly #unsettled: RecentEntries<string>

  constructor(port: RedisPort, names: KeyNames, { clock, replicas, maxUses = greatestUses }: ReplayGuardSettings) {
    this.#port = port
    this.#names = names
    this.#clock = clock
    this.#replicas = replicas
    this.#seen = new RecentEntries(maxUses)
    this.#unsettled = new RecentEntries(maxUses)
  }

  async useOnce({ kind, by, at = '', id }: SingleUse, until: number): Promise<boolean> {
    const now = this.#clock()
    if (!(until > now)) return false // too old by now: as good as used
    const key = this.#names.key('rp', [kind, by, at, id])
    const seen = this.#seen.get(key)
    if (seen !== undefined && seen.until > now) return false
    const isFirst = await this.#claim(key, Math.min(until - now, greatestSeconds) + marginSeconds)
    // Of two that were under way together, one was first; that another is so too says a server that has forgotten.
    if (this.#wasOurs(key)) return false
    this.#seen.set(key, { until, isOurs: isFirst })
    return isFirst
  }

  async #claim(key: string, seconds: number): Promise<boolean> {
    const unsettled = this.#unsettled.take(key) // another call at the same moment asks with an id of its own
    const attempt = unsettled ?? randomId()
    const milliseconds = String(Math.ceil(seconds * 1000))
    let mayBeDone = unsettled !== undefined
    const send = (deadline: number): Promise<Reply> =>
      this.#set(key, attempt, milliseconds, deadline).catch((fault: unknown) => {
        mayBeDone ||= !(fault instanceof RedisFault && fault.isUndone)
        throw fault
      })
    let reply: Reply
    try {
      reply = await insist(send)
    } catch (cause) {
      if (mayBeDone) this.#unsettled.set(key, attempt)
      throw unknown(cause)
    }
    if (reply === null || reply === attempt) return true
    if (typeof reply === 'string') return false
    throw unknown(new TypeError('the server answered something other than a text'))
  }

  async #set(key: string, attempt: string, milliseconds: string, deadline: number): Promise<Reply> {
    const command = ['SET', key, attempt, 'NX', 'PX', milliseconds, 'GET']
    if (this.#replicas === undefined) return this.#port.call(key, command, deadline)
    const { reply, replicas } = await this.#port.callAndWait(key, command, this.#replicas, deadline)
    if (reply === null) this.#requireReplicas(replicas)
    // It was written on a connection that is gone, and WAIT speaks of this one alone: so it is written here, too.
    if (reply === attempt) {
      const again = await this.#port.callAndWait(key, ['PEXPIRE', key, milliseconds], this.#replicas, deadline)
      this.#requireReplicas(again.reply === 1 ? again.replicas : 0)
    }
    return reply
  }

  #requireReplicas(count: number): void {
    if (count >= (this.#replicas ?? 0)) return
    throw new RedisFault('refused', 'too few replicas have the use', { isUndone: false, reply: 'NOREPLICAS' })
  }

  #wasOurs(key: string): boolean {
    const { isOurs, until } = this.#seen.get(key) ?? unseen
    return isOurs && until > this.#clock()
  }
}

/** Sends once, and once more where nobody knows what became of it: as soon as there is a connection again. */
async function insist(send: (deadlineSeconds: number) => Promise<Reply>): Promise<Reply> {
  const until = monotonicClock() + overallSeconds
  let isUnknown = false
  for (;;) {
    try {
      return await send(Math.min(callSeconds, until - monotonicClock()))
    } catch (fault) {
      if (!(fault instanceof RedisFault)) throw fault
      if (fault.isUndone ? !isUnknown : isUnknown) throw fault
      isUnknown = true
      if (monotonicClock() + pauseSeconds >= until) throw fault
      if (fault.isUndone) await pause(pauseSeconds)
    }
  }
}

function unknown(cause: unknown): VerificationError {
  return new VerificationError('state_unavailable', 'nobody can tell whether it was used before', {
    retryAfterSeconds: 1,
    cause,
  })
}
