// Hours and days of CEL as windows: `now.getHours("Europe/Zurich") < 18`, `now.getDayOfWeek("UTC") in [1, 2, 3]`.
import type { Day, Expression } from '../policy.js'
import { between } from '../request-words.js'
import { anyOf } from '../words.js'
import { Refusal } from './cel-refusal.js'

const days: readonly Day[] = ['Sun', 'Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat'] // as CEL counts them

/** The local hour or day is one of those for which the test holds: exactly the windows in which it is. */
export function clockIsIn(
  at: number,
  { kind, timeZone: tz }: { readonly kind: 'hour' | 'day'; readonly timeZone: string },
  test: (value: number) => boolean,
): Expression {
  const values = Array.from({ length: kind === 'hour' ? 24 : 7 }, (_, value) => value).filter(test)
  if (values.length === 0) throw new Refusal(at, `this ${kind} never comes: ${range(kind)}`)
  if (values.length === (kind === 'hour' ? 24 : 7)) {
    throw new Refusal(at, `this holds for every ${kind}: ${range(kind)}`)
  }
  if (kind === 'day') return between('00:00', '24:00', { tz, days: values.map((value) => days[value] as Day) })
  const starts = values.filter((hour) => !values.includes(hour - 1))
  const ends = values.filter((hour) => !values.includes(hour + 1)).map((hour) => hour + 1)
  const windows = starts.map((start, index) => between(toTime(start), toTime(ends[index] as number), { tz }))
  return windows.length === 1 ? (windows[0] as Expression) : anyOf(...windows)
}

function range(kind: 'hour' | 'day'): string {
  return kind === 'hour' ? 'hours go from 0 to 23' : 'days go from 0, Sunday, to 6'
}

function toTime(hour: number): string {
  return `${String(hour).padStart(2, '0')}:00`
}
