// The bound of the guard of one process, and what it forgets when. The rest is the contract of states.
import { beforeEach, describe, expect, it } from 'vitest'
import { createTestClock } from '../testing.js'
import { MemoryReplayGuard } from './memory-replay-guard.js'

const clock = createTestClock()
const start = clock()
beforeEach(() => clock.set(start))

const use = (id: string) => ({ kind: 'dpop', by: 'a thumbprint', id })
const full = expect.objectContaining({ code: 'state_unavailable', message: expect.stringMatching(/^3 uses/) })

describe('a full guard', () => {
  it('uses up nothing more, and forgets nothing before its time', async () => {
    const guard = new MemoryReplayGuard(clock, 3)
    for (const id of ['a', 'b', 'c']) expect(await guard.useOnce(use(id), start + 60)).toBe(true)
    await expect(guard.useOnce(use('d'), start + 60)).rejects.toThrow(full)
    for (const id of ['a', 'b', 'c']) expect(await guard.useOnce(use(id), start + 60)).toBe(false)
    clock.set(start + 59)
    await expect(guard.useOnce(use('d'), start + 90)).rejects.toThrow(full)
    expect(await guard.useOnce(use('a'), start + 90)).toBe(false)
  })

  it('has room once the first is past, and for so many as are', async () => {
    const guard = new MemoryReplayGuard(clock, 3)
    await guard.useOnce(use('a'), start + 60)
    await guard.useOnce(use('b'), start + 60)
    await guard.useOnce(use('c'), start + 120)
    clock.set(start + 60)
    for (const id of ['d', 'e']) expect(await guard.useOnce(use(id), start + 90)).toBe(true)
    await expect(guard.useOnce(use('f'), start + 90)).rejects.toThrow(full)
    expect(await guard.useOnce(use('c'), start + 120)).toBe(false)
  })

  it('finds the next that is past, time and again', async () => {
    const guard = new MemoryReplayGuard(clock, 3)
    for (let i = 0; i < 20; i++) {
      clock.set(start + i * 10)
      expect(await guard.useOnce(use(`id-${i}`), clock() + 25)).toBe(true)
      for (const before of [i, i - 1, i - 2].filter((each) => each >= 0))
        expect(await guard.useOnce(use(`id-${before}`), clock() + 25), `${before} at ${i}`).toBe(false)
    }
  })

  it('is not made fuller by what is refused for its age', async () => {
    const guard = new MemoryReplayGuard(clock, 3)
    for (let i = 0; i < 10; i++) expect(await guard.useOnce(use(`id-${i}`), start)).toBe(false)
    expect(await guard.useOnce(use('a'), start + 1)).toBe(true)
  })
})

describe('what was used', () => {
  it('may be used again once its time is over, and takes one place all along', async () => {
    const guard = new MemoryReplayGuard(clock, 3)
    for (let i = 0; i < 5; i++) {
      clock.set(start + i * 60)
      expect(await guard.useOnce(use('a'), clock() + 60)).toBe(true)
      clock.advance(59)
      expect(await guard.useOnce(use('a'), clock() + 60)).toBe(false)
    }
    for (const id of ['b', 'c']) expect(await guard.useOnce(use(id), clock() + 60)).toBe(true)
  })
})
