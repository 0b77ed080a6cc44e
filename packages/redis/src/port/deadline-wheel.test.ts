import { stat } from 'node:fs'
import { expect, it, vi } from 'vitest'
import { type Deadline, DeadlineWheel } from './deadline-wheel.js'

const deadline = (onDue: () => void = () => {}): Deadline => ({ row: undefined, place: 0, onDue })
const late = (): Error => new Error('late')

it('is over after its time, and not before', async () => {
  const start = performance.now()
  await expect(new DeadlineWheel().within(0.05, new Promise(() => {}), late)).rejects.toThrow('late')
  expect(performance.now() - start).toBeGreaterThanOrEqual(50)
})

it.each([0, -1, -100])('is over at once where there is no time left: %s s', async (seconds) => {
  await expect(new DeadlineWheel().within(seconds, new Promise(() => {}), late)).rejects.toThrow('late')
})

it('keeps to the clock, and not to how often its timer came', async () => {
  let seconds = 100
  const wheel = new DeadlineWheel(() => seconds)
  const due: string[] = []
  for (const [name, after] of [
    ['short', 0.05],
    ['longer', 1],
  ] as const)
    wheel.start(
      deadline(() => due.push(name)),
      after,
    )
  await vi.waitUntil(() => wheel.isTurning)
  expect(due).toEqual([])
  seconds += 0.05
  // A twentieth of a second is over, but not surely since it began: the clock stands somewhere within a tick.
  seconds += 0.01
  await expect.poll(() => due).toEqual(['short'])
  seconds += 0.9
  await new Promise(setImmediate)
  expect(due).toEqual(['short'])
  seconds += 0.1
  await expect.poll(() => due).toEqual(['short', 'longer'])
})

it('lets an answer count that came while the process was busy', async () => {
  // Timers have their turn before what was read meanwhile (from here on: an immediate comes between the two).
  await new Promise(setImmediate)
  const answer = new Promise<string>((resolve) => stat('.', () => resolve('answer')))
  const judged = new DeadlineWheel().within(0.01, answer, late)
  const start = performance.now()
  while (performance.now() - start < 100);
  expect(await judged).toBe('answer')
})

it('passes on what came in time, an error too', async () => {
  const wheel = new DeadlineWheel()
  expect(await wheel.within(1, Promise.resolve('value'), late)).toBe('value')
  await expect(wheel.within(1, Promise.reject(new Error('early')), late)).rejects.toThrow('early')
  expect(wheel.pending).toBe(0)
})

it('calls nobody back whose wait was ended, whatever the order', async () => {
  let seconds = 0
  const wheel = new DeadlineWheel(() => seconds)
  const due: number[] = []
  const all = Array.from({ length: 10 }, (_, index) => deadline(() => due.push(index)))
  for (const each of all) wheel.start(each, 0.02)
  for (const index of [0, 9, 4, 8]) expect(wheel.settle(all[index] as Deadline)).toBe(true)
  expect(wheel.settle(all[4] as Deadline)).toBe(false)
  expect(wheel.pending).toBe(6)
  seconds = 1
  await expect.poll(() => due.toSorted()).toEqual([1, 2, 3, 5, 6, 7])
  expect(wheel.pending).toBe(0)
})

it('stands still while nobody waits, and turns again', async () => {
  const wheel = new DeadlineWheel()
  expect(wheel.isTurning).toBe(false)
  await wheel.within(1, Promise.resolve(), late)
  await expect.poll(() => wheel.isTurning).toBe(false)
  await expect(wheel.within(0.01, new Promise(() => {}), late)).rejects.toThrow('late')
})

it('keeps no process alive', () => {
  const wheel = new DeadlineWheel()
  const before = timers()
  wheel.start(deadline(), 10)
  expect(wheel.isTurning).toBe(true)
  expect(timers()).toBe(before)
})

/** Timers that keep the process alive. */
function timers(): number {
  return process.getActiveResourcesInfo().filter((name) => name === 'Timeout').length
}
