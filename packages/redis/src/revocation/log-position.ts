// How far a log was read: the id of the last entry, and how many entries the log had been given by then. The two must agree
// with what the log says of itself; where they do not, something was lost, be it trimmed, deleted, flushed or left behind by
// a failover.

/** `<milliseconds>-<number>`, as Redis writes the ids of a stream. */
export const idPattern = '(?:0|[1-9]\\d{0,19})-(?:0|[1-9]\\d{0,19})'

export const firstId = '0-0'

export interface LogPosition {
  readonly id: string
  readonly count: number
}

/** What a log says of itself, before its rows are read. */
export interface LogState {
  /** How many entries it was given since it is there. */
  readonly added: number
  /** The id of the last of them. */
  readonly lastId: string
  /** How many it has. */
  readonly length: number
}

export interface LogRow {
  readonly id: string
  readonly text: string
}

/** Negative where the first id is the earlier one. */
export function compareIds(first: string, second: string): number {
  const [firstMs = '', firstNumber = ''] = first.split('-')
  const [secondMs = '', secondNumber = ''] = second.split('-')
  return compareDigits(firstMs, secondMs) || compareDigits(firstNumber, secondNumber)
}

function compareDigits(first: string, second: string): number {
  if (first.length !== second.length) return first.length - second.length
  return first < second ? -1 : Number(first > second)
}

/**
 * The position after rows that follow another.
 *
 * @param state - read before the rows, on the same connection
 * @param isEnd - whether there were no more rows
 * @returns `undefined` where rows are missing, or too many
 */
export function advance(
  from: LogPosition,
  state: LogState,
  rows: readonly LogRow[],
  isEnd: boolean,
): LogPosition | undefined {
  const due = state.added - from.count
  if (due < 0 || compareIds(state.lastId, from.id) < 0) return undefined
  const later = laterThan(state.lastId, rows)
  const seen = rows.length - later
  const sawAll = isEnd || later > 0
  if (sawAll ? seen !== due : seen > due) return undefined
  return { id: rows.at(-1)?.id ?? from.id, count: from.count + rows.length }
}

/** The position after the last rows of a log that was read from its beginning. */
export function endOf(state: LogState, rows: readonly LogRow[], lastRead: string): LogPosition {
  return { id: lastRead, count: state.added + laterThan(state.lastId, rows) }
}

/** How many rows came after the log had spoken of itself. */
function laterThan(id: string, rows: readonly LogRow[]): number {
  let later = 0
  while (later < rows.length && compareIds((rows.at(-1 - later) as LogRow).id, id) > 0) later += 1
  return later
}
