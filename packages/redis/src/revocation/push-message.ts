// What is pushed to whoever follows a log: an entry with its place in the log, or that there is something to be read.
import { idPattern, type LogPosition, type LogRow } from './log-position.js'

/** A push that carries no entry. */
export const lookMessage = 'look'

/** An entry that was pushed. */
export interface PushedRow {
  /** Where the log had ended before it. */
  readonly previous: LogPosition
  readonly row: LogRow
}

const pushed = new RegExp(`^(\\d{1,15}) (${idPattern}) (${idPattern}) ([\\w.-]{1,128})$`)

/** Reads a push: how manieth the entry is, the id before it, its own, and its text. `undefined`: it is nothing of ours. */
export function parsePush(message: string): PushedRow | typeof lookMessage | undefined {
  if (message === lookMessage) return lookMessage
  const parts = pushed.exec(message)
  if (parts === null) return undefined
  const [, count, previous, id, text] = parts as unknown as readonly [string, string, string, string, string]
  return { previous: { id: previous, count: Number(count) - 1 }, row: { id, text } }
}
