// What Redis says about a log, read strictly: whoever can write there can make it say anything.
import { RedisFault } from '../port/redis-fault.js'
import type { Reply } from '../port/redis-port.js'
import type { LogRow, LogState } from './log-position.js'

/** What the script that reads has found. */
export interface LogReading {
  readonly state: LogState
  readonly rows: readonly LogRow[]
  /** The name of the log; `undefined` where it has none. */
  readonly name: string | undefined
  /** For how many milliseconds it settles; less than 0: it does not, or nobody says when it ends. */
  readonly settlingMs: number
  /** Whether nobody can append to it, or soon nobody will. */
  readonly isEnded: boolean
}

const nameShape = /^1\.[\w-]+\.[\w-]+$/

/** The reply of the script that reads. @throws RedisFault */
export function toLogReading(reply: Reply | RedisFault | undefined): LogReading {
  const [added, lastId, length, name, settlingMs, isEnded, ...cells] = toList(orThrow(reply))
  const rows: LogRow[] = []
  for (let i = 0; i < cells.length; i += 2) rows.push({ id: toText(cells[i]), text: toText(cells[i + 1]) })
  return {
    state: { added: toNumber(added), lastId: toText(lastId), length: toNumber(length) },
    rows,
    name: nameShape.test(toText(name)) ? toText(name) : undefined,
    settlingMs: toNumber(settlingMs),
    isEnded: isEnded === 1,
  }
}

export function toNumber(reply: Reply | undefined): number {
  return typeof reply === 'number' ? reply : unexpected()
}

function orThrow(reply: Reply | RedisFault | undefined): Reply {
  if (reply instanceof RedisFault) throw reply
  return reply ?? null
}

function toText(reply: Reply | undefined): string {
  return typeof reply === 'string' ? reply : unexpected()
}

function toList(reply: Reply): readonly Reply[] {
  return Array.isArray(reply) ? reply : unexpected()
}

function unexpected(): never {
  throw new RedisFault('refused', 'the server answered something else than it was asked', { isUndone: false })
}
