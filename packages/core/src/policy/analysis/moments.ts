// The moments at which a window opens or closes: between two of them, nothing happens.
import type { Leaf } from '../policy.js'
import { createTimeWindow } from '../time-window.js'

/** A Monday noon in 2026; any moment would do. */
export const anyMoment = 1_769_428_800

const week = 7 * 86_400

/** Of three weeks: in winter, in summer, and in between, where part of the world has changed its clocks already. */
const starts = [anyMoment, anyMoment + 7 * week, anyMoment + 24 * week]

/** The changes of a window, and a moment before the first. */
export function momentsOf({ from, to, timeZone, days }: Extract<Leaf, { kind: 'between' }>): readonly number[] {
  const window = createTimeWindow(from, to, timeZone, days)
  return starts.flatMap((start) => {
    const found = [start]
    for (let at = window.changesAt(start); at < start + week; at = window.changesAt(at)) found.push(at)
    return found
  })
}
