import { describe, expect, it } from 'vitest'
import { CallRefusedError, GuardedCalls, greatestInFlight, pauseSeconds, toleratedFailures } from './guarded-calls.js'

/** Calls by a stopwatch that the test moves. */
function createWorld() {
  const time = { now: 0 }
  const heard: boolean[] = []
  const calls = new GuardedCalls({
    stopwatch: () => time.now,
    isOutage: (error) => error instanceof Error && error.message === 'away',
    onChange: (isPaused) => heard.push(isPaused),
  })
  const fail = () => calls.run(() => Promise.reject(new Error('away'))).catch((error: Error) => error.message)
  const failTimes = async (times: number) => {
    for (let each = 0; each < times; each++) expect(await fail()).toBe('away')
  }
  return { time, heard, calls, fail, failTimes }
}

describe('the bulkhead', () => {
  it('lets so many calls be under way, and refuses one more', async () => {
    const { calls } = createWorld()
    const ends: (() => void)[] = []
    const underWay = Array.from({ length: greatestInFlight }, () =>
      calls.run(() => new Promise<void>((resolve) => ends.push(resolve))),
    )
    await expect(calls.run(async () => 'one more')).rejects.toThrow(CallRefusedError)
    for (const end of ends) end()
    await Promise.all(underWay)
    expect(await calls.run(async () => 'one more')).toBe('one more')
  })
})

describe('the bulkhead and the breaker', () => {
  it('count who waits for how a trial goes', async () => {
    const { calls, failTimes, time } = createWorld()
    await failTimes(toleratedFailures)
    time.now += pauseSeconds
    let end = (): void => undefined
    const trial = calls.run(
      () =>
        new Promise<void>((resolve) => {
          end = resolve
        }),
    )
    const waiting = Array.from({ length: greatestInFlight - 1 }, () => calls.run(async () => 'well'))
    await expect(calls.run(async () => 'one more')).rejects.toThrow('too many calls are under way')
    end()
    await trial
    expect(new Set(await Promise.all(waiting))).toEqual(new Set(['well']))
  })
})

describe('the breaker', () => {
  it('makes no call for a moment after so many have failed in a row', async () => {
    const { calls, failTimes, heard } = createWorld()
    await failTimes(toleratedFailures)
    let isMade = false
    const call = calls.run(async () => {
      isMade = true
    })
    await expect(call).rejects.toThrow(CallRefusedError)
    expect(isMade).toBe(false)
    expect(heard).toEqual([true])
  })

  it('forgets failures that a success comes between', async () => {
    const { calls, failTimes } = createWorld()
    await failTimes(toleratedFailures - 1)
    await calls.run(async () => 'well')
    await failTimes(toleratedFailures - 1)
    expect(await calls.run(async () => 'well')).toBe('well')
  })

  it('does not count what was answered', async () => {
    const { calls } = createWorld()
    for (let each = 0; each < 2 * toleratedFailures; each++)
      await expect(calls.run(() => Promise.reject(new Error('no')))).rejects.toThrow('no')
    expect(await calls.run(async () => 'well')).toBe('well')
  })

  it('tries one call after the pause, and goes on if it is well', async () => {
    const { calls, failTimes, time, heard } = createWorld()
    await failTimes(toleratedFailures)
    time.now += pauseSeconds - 0.001
    await expect(calls.run(async () => 'well')).rejects.toThrow(CallRefusedError)
    time.now += 0.001
    expect(await calls.run(async () => 'well')).toBe('well')
    expect(await calls.run(async () => 'well')).toBe('well')
    expect(heard).toEqual([true, false])
  })

  it('pauses again if that one fails, for those who waited for it too', async () => {
    const { calls, fail, failTimes, time } = createWorld()
    await failTimes(toleratedFailures)
    time.now += pauseSeconds
    const [first, second] = await Promise.all([fail(), fail()])
    expect([first, second]).toEqual(['away', expect.stringMatching(/none is made/)])
    await expect(calls.run(async () => 'well')).rejects.toThrow(CallRefusedError)
    time.now += pauseSeconds
    expect(await calls.run(async () => 'well')).toBe('well')
  })

  it('does not go by a clock that can be set back', async () => {
    const { calls, failTimes, time } = createWorld()
    const machine = Date.now
    try {
      await failTimes(toleratedFailures)
      Date.now = () => machine() - 3_600_000
      time.now += pauseSeconds
      expect(await calls.run(async () => 'well')).toBe('well')
    } finally {
      Date.now = machine
    }
  })
})
