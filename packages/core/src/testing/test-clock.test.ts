import { describe, expect, it } from 'vitest'
import { createTestClock } from './test-clock.js'

describe('createTestClock', () => {
  it('stands still at the first second of 2026, or where it is told to', () => {
    expect(createTestClock()()).toBe(Date.UTC(2026, 0, 1) / 1000)
    expect(createTestClock(7)()).toBe(7)
  })

  it('moves on, back, and to a second', () => {
    const clock = createTestClock(100)
    clock.advance(5)
    expect(clock()).toBe(105)
    clock.advance(-10)
    expect(clock()).toBe(95)
    clock.set(7)
    expect(clock()).toBe(7)
  })

  it('shares its time with no other', () => {
    const [one, other] = [createTestClock(1), createTestClock(1)]
    one.advance(1)
    expect(other()).toBe(1)
  })
})
