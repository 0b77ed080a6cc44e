// Hours of the day and days of the week, in a time zone of the world: Monday to Friday, from eight to six, in Zurich.
import { ConfigurationError } from '../errors.js'
import type { Day } from './policy.js'

/** When a window is open. */
export interface TimeWindow {
  /** @param now - seconds since the epoch, finite */
  isOpen(now: number): boolean
  /** Up to when it stays as it is now; seconds since the epoch. */
  changesAt(now: number): number
}

/** The days, in their order. */
export const weekdays: readonly Day[] = ['Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat', 'Sun']

/** Builds a window out of what {@link parseTimeOfDay} and {@link parseDays} have judged. */
export function createTimeWindow(from: string, to: string, timeZone: string, days: readonly Day[]): TimeWindow {
  const opens = minutesOf(from)
  const closes = minutesOf(to)
  const openDays = weekdays.map((day) => days.includes(day))
  const local = localTime(timeZone)
  const isOpenAt = (day: number, minute: number): boolean => {
    const today = openDays[day] === true
    if (opens < closes) return today && minute >= opens && minute < closes
    return (today && minute >= opens) || (openDays[(day + 6) % 7] === true && minute < closes)
  }
  return {
    isOpen(now) {
      const { day, minute } = local(now)
      return isOpenAt(day, minute)
    },
    changesAt(now) {
      const start = local(now)
      const isOpen = isOpenAt(start.day, start.minute)
      const first = Math.floor(now / 60)
      const drifted = (ahead: number): boolean =>
        drift(local((first + ahead) * 60), (start.day * 1440 + start.minute + ahead) % 10_080) !== 0
      // INVARIANT: a wall clock that nobody puts forward or back repeats itself after a week.
      for (let ahead = 1; ahead <= 10_080; ahead++) {
        const minute = start.minute + ahead
        if (isOpenAt((start.day + Math.floor(minute / 1440)) % 7, minute % 1440) === isOpen) continue
        if (!drifted(ahead)) return (first + ahead) * 60
        let [before, after] = [0, ahead]
        while (after - before > 1) {
          const middle = (before + after) >> 1
          if (drifted(middle)) after = middle
          else before = middle
        }
        const change = (first + after) * 60
        return this.isOpen(change) === isOpen ? this.changesAt(change) : change
      }
      return Number.POSITIVE_INFINITY
    },
  }
}

/** By how many minutes a wall clock is ahead of what was expected: a change of offset lies between. */
function drift({ day, minute }: LocalTime, expected: number): number {
  const ahead = (day * 1440 + minute - expected + 10_080) % 10_080
  return ahead > 5_040 ? ahead - 10_080 : ahead
}

interface LocalTime {
  /** 0 is Monday. */
  readonly day: number
  /** Since midnight. */
  readonly minute: number
}

/** Asking `Intl` costs microseconds, and its answer holds for a minute. */
function localTime(timeZone: string): (now: number) => LocalTime {
  const format = new Intl.DateTimeFormat('en-GB', {
    timeZone,
    weekday: 'short',
    hour: '2-digit',
    minute: '2-digit',
    hourCycle: 'h23',
  })
  let known = Number.NaN
  let answer: LocalTime = { day: 0, minute: 0 }
  return (now) => {
    const minute = Math.floor(now / 60)
    if (minute === known) return answer
    const parts = new Map(format.formatToParts(minute * 60_000).map(({ type, value }) => [type, value]))
    answer = {
      day: weekdays.indexOf(parts.get('weekday') as Day),
      minute: Number(parts.get('hour')) * 60 + Number(parts.get('minute')),
    }
    known = minute
    return answer
  }
}

/**
 * `HH:MM`, from `00:00` to `24:00`.
 *
 * @throws ConfigurationError
 */
export function parseTimeOfDay(text: unknown): string {
  if (typeof text === 'string' && /^(?:[01]\d|2[0-3]):[0-5]\d$|^24:00$/.test(text)) return text
  throw new ConfigurationError(`between() takes times of the day such as '08:00', not ${JSON.stringify(text)}`)
}

function minutesOf(time: string): number {
  const [hours, minutes] = time.split(':')
  return Number(hours) * 60 + Number(minutes)
}

/**
 * The days of `'Mon-Fri'`, `'Sat,Sun'` or a list, in the order of the week.
 *
 * @throws ConfigurationError
 */
export function parseDays(days: unknown): readonly Day[] {
  if (days === undefined) return weekdays
  const named = (typeof days === 'string' ? days.split(',') : Array.isArray(days) ? days : []).flatMap(toDays)
  if (named.length === 0) throw unknownDays(days)
  return Object.freeze(weekdays.filter((day) => named.includes(day)))
}

function toDays(text: unknown): readonly Day[] {
  const [first, last = first, ...more] = String(text).split('-')
  const from = weekdays.indexOf(first as Day)
  const to = weekdays.indexOf(last as Day)
  if (from === -1 || to === -1 || more.length > 0) throw unknownDays(text)
  return from <= to ? weekdays.slice(from, to + 1) : [...weekdays.slice(from), ...weekdays.slice(0, to + 1)]
}

function unknownDays(text: unknown): ConfigurationError {
  return new ConfigurationError(`between() takes days such as 'Mon-Fri' or ['Sat', 'Sun'], not ${JSON.stringify(text)}`)
}

/**
 * A time zone of the IANA database that this Node knows.
 *
 * @throws ConfigurationError
 */
export function parseTimeZone(timeZone: unknown): string {
  try {
    if (typeof timeZone !== 'string') throw new RangeError()
    return new Intl.DateTimeFormat('en-GB', { timeZone }) && timeZone
  } catch {
    throw new ConfigurationError(`between() takes a time zone such as 'Europe/Zurich', not ${JSON.stringify(timeZone)}`)
  }
}
