// The bounds of the cache of one process. The rest is the contract of states.
import { describe, expect, it } from 'vitest'
import { createTestClock } from '../testing.js'
import { MemoryVerdictCache } from './memory-verdict-cache.js'

const clock = createTestClock()
const until = clock() + 60
const question = (about: string) => ({ kind: 'subject', of: 'https://idp.example.com', about })

async function recalled(cache: MemoryVerdictCache, names: readonly string[]): Promise<readonly string[]> {
  const found = await Promise.all(names.map((name) => cache.recall(question(name))))
  return names.filter((_, i) => found[i] !== undefined)
}

describe('the cache', () => {
  it('remembers ten thousand answers, and those that were asked for last', async () => {
    const cache = new MemoryVerdictCache(clock)
    const names = Array.from({ length: 10_001 }, (_, i) => `subject-${i}`)
    for (const name of names.slice(0, -1)) await cache.remember(question(name), true, until)
    await cache.recall(question('subject-0'))
    await cache.remember(question('subject-10000'), true, until)
    const kept = await recalled(cache, names)
    expect(kept).toHaveLength(10_000)
    expect(names.filter((name) => !kept.includes(name))).toEqual(['subject-1'])
  })

  it('holds 16 MB, whatever is asked and answered', async () => {
    const cache = new MemoryVerdictCache(clock)
    const names = Array.from({ length: 20 }, (_, i) => String(i))
    for (const name of names) await cache.remember(question(name), 'x'.repeat(1_000_000), until) // 2 MB each
    expect(await recalled(cache, names)).toEqual(names.slice(-8))
    const long = names.map((name) => name + 'x'.repeat(1_000_000))
    for (const name of long) await cache.remember(question(name), true, until)
    expect(await recalled(cache, [...names, ...long])).toEqual(long.slice(-8))
  })

  it('does not remember what would not fit alone, nor what was there before it', async () => {
    const cache = new MemoryVerdictCache(clock)
    await cache.remember(question('small'), true, until)
    await cache.remember(question('large'), true, until)
    await cache.remember(question('large'), 'x'.repeat(8_388_608), until)
    expect(await recalled(cache, ['small', 'large'])).toEqual(['small'])
  })
})
