import { describe, expect, it } from 'vitest'
import { monotonicClock, pause, systemClock } from './clock.js'

describe('systemClock', () => {
  it('answers the date in seconds', () => {
    const before = Date.now() / 1000
    const now = systemClock()
    expect(now).toBeGreaterThanOrEqual(before)
    expect(now).toBeLessThanOrEqual(Date.now() / 1000)
  })
})

describe('monotonicClock', () => {
  it('answers seconds that do not go back', () => {
    const before = performance.now() / 1000
    const now = monotonicClock()
    expect(now).toBeGreaterThanOrEqual(before)
    expect(now).toBeLessThanOrEqual(performance.now() / 1000)
  })
})

describe('pause', () => {
  it('lets so many seconds pass', async () => {
    const before = performance.now()
    await pause(0.02)
    expect(performance.now() - before).toBeGreaterThanOrEqual(18)
    expect(performance.now() - before).toBeLessThan(5_000)
  })
})
