import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { RedisFault } from '../port/redis-fault.js'
import { KeyRing } from '../sealing/key-ring.js'
import { PendingEntries } from './pending-entries.js'
import { RegionWriter } from './region-writer.js'
import type { RevocationEntry } from './revocation-entry.js'
import type { RevocationLog } from './revocation-log.js'

const entry = (low: number): RevocationEntry => ({ kind: 'jti', high: 0, low, issuer: 0, cutOff: 1, until: 1 })
const owner = { done: () => {}, dropped: () => {} }

/** A writer to a log that answers when, and what, it is told to. */
function startWriter() {
  const answers: Answer[] = []
  const append = (): Promise<boolean> => new Promise((resolve, reject) => answers.push({ resolve, reject }))
  const pending = new PendingEntries(1, 0, 100, owner)
  const writer = new RegionWriter({
    region: 0,
    log: { append } as unknown as RevocationLog,
    ring: new KeyRing([Buffer.alloc(32, 'secret')], 'test'),
    pending,
    writer: 'writer',
    random: () => 0,
  })
  return {
    pending,
    /** Writes that were begun. */
    begun: () => answers.length,
    send: (low: number) => writer.send(pending.add(entry(low), 0)),
    keep: (write: number) => answers[write]?.resolve(true),
    fail: (write: number) => answers[write]?.reject(new RedisFault('deadline', 'no answer', { isUndone: false })),
  }
}

interface Answer {
  resolve(isWritten: boolean): void
  reject(error: RedisFault): void
}

const pass = (milliseconds: number) => vi.advanceTimersByTimeAsync(milliseconds)

beforeEach(() => {
  vi.useFakeTimers()
})

afterEach(() => {
  vi.useRealTimers()
})

describe('a writer to a region', () => {
  it('tries again what was not written, after a pause', async () => {
    const log = startWriter()
    const outcome = log.send(1)
    await pass(0)
    log.fail(0)
    expect(await outcome).toBe('failed')
    await pass(49)
    expect(log.begun()).toBe(1)
    await pass(1)
    expect(log.begun()).toBe(2)
    log.keep(1)
    await pass(0)
    expect(log.pending.own).toBe(0)
  })

  it('tries on when a pause ends while an earlier try is under way, and fails', async () => {
    const log = startWriter()
    void log.send(1)
    await pass(0)
    log.fail(0)
    await pass(50) // the try of the first begins
    void log.send(2)
    await pass(0)
    log.fail(2) // a pause begins, for the second
    await pass(100) // and ends, while the first is still waited for
    expect(log.begun()).toBe(3)
    log.fail(1)
    await pass(5_000)
    expect(log.begun()).toBe(4)
    log.keep(3)
    await pass(0)
    expect(log.pending.own).toBe(0)
  })
})
