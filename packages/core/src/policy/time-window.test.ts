import { describe, expect, it } from 'vitest'
import { ConfigurationError } from '../errors.js'
import type { Day } from './policy.js'
import { createTimeWindow, parseDays, parseTimeOfDay, parseTimeZone, weekdays } from './time-window.js'

const at = (text: string) => Date.parse(text) / 1000
const zurich = (from: string, to: string, days: readonly Day[] = weekdays) =>
  createTimeWindow(from, to, 'Europe/Zurich', days)

describe('isOpen', () => {
  const office = createTimeWindow('08:00', '18:00', 'UTC', ['Mon', 'Tue', 'Wed', 'Thu', 'Fri'])
  const night = createTimeWindow('22:00', '06:00', 'UTC', ['Fri'])

  it.each([
    ['2026-11-23T07:59:59Z', false],
    ['2026-11-23T08:00:00Z', true],
    ['2026-11-23T17:59:59.999Z', true],
    ['2026-11-23T18:00:00Z', false],
    ['2026-11-27T12:00:00Z', true],
    ['2026-11-28T12:00:00Z', false],
    ['2026-11-29T12:00:00Z', false],
    ['1969-12-31T12:00:00Z', true],
  ])('from Monday to Friday, from eight to six: %s: %s', (time, isOpen) => {
    expect(office.isOpen(at(time))).toBe(isOpen)
  })

  it.each([
    ['2026-11-27T21:59:59Z', false],
    ['2026-11-27T22:00:00Z', true],
    ['2026-11-27T23:59:59Z', true],
    ['2026-11-28T00:00:00Z', true],
    ['2026-11-28T05:59:59Z', true],
    ['2026-11-28T06:00:00Z', false],
    ['2026-11-28T22:00:00Z', false],
    ['2026-11-27T05:00:00Z', false],
  ])('over the midnight of a Friday: %s: %s', (time, isOpen) => {
    expect(night.isOpen(at(time))).toBe(isOpen)
  })

  it('goes from Sunday to Monday', () => {
    const sunday = createTimeWindow('22:00', '06:00', 'UTC', ['Sun'])
    expect(sunday.isOpen(at('2026-11-30T05:59:00Z'))).toBe(true)
    expect(sunday.isOpen(at('2026-11-29T05:59:00Z'))).toBe(false)
  })

  it.each([
    ['00:00', '24:00'],
    ['18:00', '24:00'],
    ['18:00', '00:00'],
  ])('from %s to %s ends with the day', (from, to) => {
    const saturday = createTimeWindow(from, to, 'UTC', ['Sat'])
    expect(saturday.isOpen(at('2026-11-28T23:59:59Z'))).toBe(true)
    expect(saturday.isOpen(at('2026-11-29T00:00:00Z'))).toBe(false)
    expect(saturday.isOpen(at('2026-11-28T00:00:00Z'))).toBe(from === '00:00')
  })

  it.each([
    ['2026-01-15T06:59:59Z', false],
    ['2026-01-15T07:00:00Z', true],
    ['2026-07-15T05:59:59Z', false],
    ['2026-07-15T06:00:00Z', true],
    ['2026-07-14T22:00:00Z', false],
  ])('follows the clocks of Zurich, in winter and in summer: %s: %s', (time, isOpen) => {
    expect(zurich('08:00', '18:00').isOpen(at(time))).toBe(isOpen)
  })

  it('takes the day from the same clocks', () => {
    const monday = zurich('00:00', '24:00', ['Mon'])
    expect(monday.isOpen(at('2026-07-12T22:00:00Z'))).toBe(true)
    expect(monday.isOpen(at('2026-07-13T22:00:00Z'))).toBe(false)
    expect(createTimeWindow('00:00', '24:00', 'UTC', ['Mon']).isOpen(at('2026-07-12T22:00:00Z'))).toBe(false)
  })

  it('leaves out an hour that the clocks leave out (2026-03-29)', () => {
    expect(zurich('01:00', '02:00').isOpen(at('2026-03-29T00:59:59Z'))).toBe(true)
    expect(zurich('01:00', '02:30').isOpen(at('2026-03-29T01:00:00Z'))).toBe(false)
    expect(zurich('03:00', '04:00').isOpen(at('2026-03-29T01:00:00Z'))).toBe(true)
  })

  it('is open twice in an hour that comes twice (2026-10-25)', () => {
    const window = zurich('02:00', '02:30')
    expect(
      ['23:59:59', '00:00:00', '00:29:59', '00:30:00', '01:00:00', '01:29:59', '01:30:00'].map((time) =>
        window.isOpen(at(`2026-10-${time.startsWith('23') ? 24 : 25}T${time}Z`)),
      ),
    ).toEqual([false, true, true, false, true, true, false])
  })

  it('remembers no other minute than that it is asked for', () => {
    expect(office.isOpen(at('2026-11-23T08:00:00Z'))).toBe(true)
    expect(office.isOpen(at('2026-11-23T07:59:59Z'))).toBe(false)
    expect(office.isOpen(at('2026-11-23T08:00:59Z'))).toBe(true)
  })
})

const windows = [
  ['08:00', '18:00'],
  ['22:00', '06:00'],
  ['00:00', '02:00'],
  ['01:00', '02:30'],
  ['02:00', '03:00'],
  ['02:15', '02:45'],
  ['02:30', '01:00'],
  ['03:00', '04:00'],
] as const

describe('changesAt', () => {
  it.each<[string, string, string]>([
    ['at noon', '2026-11-23T11:00:00Z', '2026-11-23T17:00:00Z'],
    ['in the last second', '2026-11-23T16:59:59Z', '2026-11-23T17:00:00Z'],
    ['in the middle of a minute', '2026-11-23T11:00:30.5Z', '2026-11-23T17:00:00Z'],
    ['in the morning', '2026-11-23T05:00:00Z', '2026-11-23T07:00:00Z'],
    ['in the evening', '2026-11-23T17:00:00Z', '2026-11-24T07:00:00Z'],
    ['on Friday evening', '2026-11-27T17:00:00Z', '2026-11-30T07:00:00Z'],
    ['before the clocks are put forward', '2026-03-27T18:00:00Z', '2026-03-30T06:00:00Z'],
    ['before the clocks are put back', '2026-10-23T18:00:00Z', '2026-10-26T07:00:00Z'],
  ])('from Monday to Friday, from eight to six, %s', (_, time, change) => {
    expect(zurich('08:00', '18:00', weekdays.slice(0, 5)).changesAt(at(time))).toBe(at(change))
  })

  it('is a week ahead for a day of the week', () => {
    const monday = createTimeWindow('08:00', '08:01', 'UTC', ['Mon'])
    expect(monday.changesAt(at('2026-11-23T08:01:00Z'))).toBe(at('2026-11-30T08:00:00Z'))
  })

  it('never comes for a window that is always open', () => {
    expect(createTimeWindow('00:00', '24:00', 'UTC', weekdays).changesAt(at('2026-11-23T08:00:00Z'))).toBe(
      Number.POSITIVE_INFINITY,
    )
  })

  it('comes at midnight for whole days', () => {
    expect(zurich('00:00', '24:00', ['Mon']).changesAt(at('2026-11-23T08:00:00Z'))).toBe(at('2026-11-23T23:00:00Z'))
  })

  it.each([
    ['2026-03-28T12:00:00Z', 48],
    ['2026-10-24T12:00:00Z', 48],
    ['2026-11-24T12:00:00Z', 48],
  ])('is the very minute in which it changes: %s', (time, hours) => {
    const start = at(time)
    for (const [from, to] of windows) {
      const window = zurich(from, to)
      let change = Number.NaN
      for (let now = start + hours * 3_600; now >= start; now -= 60) {
        if (window.isOpen(now) !== window.isOpen(now + 60)) change = now + 60
        if (Number.isNaN(change) || now % 900 !== 0) continue
        expect(window.changesAt(now), `${from}-${to} ${new Date(now * 1000).toISOString()}`).toBe(change)
      }
    }
  })
})

describe('parseTimeOfDay', () => {
  it.each(['00:00', '08:05', '23:59', '24:00'])('reads %s', (text) => {
    expect(parseTimeOfDay(text)).toBe(text)
  })

  it.each([
    '8:00',
    '08:60',
    '24:01',
    '25:00',
    '08',
    '08:00:00',
    '08:00 ',
    ' 08:00',
    '0800',
    '',
    undefined,
    null,
    480,
    ['08:00'],
  ])('refuses %j', (text) => {
    expect(() => parseTimeOfDay(text)).toThrow(ConfigurationError)
    expect(() => parseTimeOfDay(text)).toThrow(
      `between() takes times of the day such as '08:00', not ${JSON.stringify(text)}`,
    )
  })
})

describe('parseDays', () => {
  it.each<[unknown, string]>([
    [undefined, 'Mon Tue Wed Thu Fri Sat Sun'],
    ['Mon-Fri', 'Mon Tue Wed Thu Fri'],
    ['Sat,Sun', 'Sat Sun'],
    ['Sun,Sat', 'Sat Sun'],
    ['Fri-Mon', 'Mon Fri Sat Sun'],
    ['Wed', 'Wed'],
    ['Wed-Wed', 'Wed'],
    ['Mon-Tue,Tue-Wed', 'Mon Tue Wed'],
    [['Sat', 'Mon'], 'Mon Sat'],
    [['Mon-Tue', 'Sun'], 'Mon Tue Sun'],
  ])('reads %j as %s', (days, wanted) => {
    expect(parseDays(days).join(' ')).toBe(wanted)
  })

  it.each([
    '',
    'mon',
    'Monday',
    'Mon-',
    '-Fri',
    'Mon Fri',
    'Mon,',
    'Mon-Fry',
    'Mon-Tue-Wed',
    [],
    ['Mon', 'x'],
    ['Mon', 'x-Fri'],
    ['Mon', 'Fri-x'],
    [1],
    null,
    7,
    {},
  ])('refuses %j', (days) => {
    expect(() => parseDays(days)).toThrow(ConfigurationError)
    expect(() => parseDays(days)).toThrow(/^between\(\) takes days such as 'Mon-Fri'/)
  })

  it('answers what nobody can change', () => {
    expect(Object.isFrozen(parseDays('Mon'))).toBe(true)
  })
})

describe('parseTimeZone', () => {
  it.each(['UTC', 'Europe/Zurich', 'America/St_Johns'])('reads %s', (name) => {
    expect(parseTimeZone(name)).toBe(name)
  })

  it.each(['', 'Europe/Zürich', 'Mars/Olympus', 'Europe', undefined, null, 7])('refuses %j', (name) => {
    expect(() => parseTimeZone(name)).toThrow(ConfigurationError)
    expect(() => parseTimeZone(name)).toThrow(/^between\(\) takes a time zone such as 'Europe\/Zurich'/)
  })
})
