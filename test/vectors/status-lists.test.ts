// The test vectors of draft-ietf-oauth-status-list-20, §4 and its appendix: "implementations SHOULD verify correctness" (§11.1).
import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { readStatusList } from '../../packages/core/src/revocation/status-list.js'

interface StatusListVector {
  readonly source: string
  readonly bits: number
  readonly lst: string
  /** How many statuses there are; all that are not told are 0. */
  readonly size: number
  readonly statuses: readonly (readonly [index: number, status: number])[]
}

const vectors = JSON.parse(
  readFileSync(new URL('status-lists.json', import.meta.url), 'utf8'),
) as readonly StatusListVector[]

describe.each(vectors)('$source', ({ bits, lst, size, statuses }) => {
  it('has every status that is told, and 0 everywhere else', async () => {
    const list = await readStatusList({ bits, lst }, 2 ** 20)
    const told = new Map(statuses)
    const wrong: number[] = []
    for (let index = 0; index < size; index++) if (list.statusAt(index) !== (told.get(index) ?? 0)) wrong.push(index)
    expect(wrong).toEqual([])
  })

  it('ends where it ends', async () => {
    const list = await readStatusList({ bits, lst }, 2 ** 20)
    expect([list.statusAt(size - 1), list.statusAt(size)]).toEqual([expect.any(Number), undefined])
  })

  it('is refused one byte beyond its bound', async () => {
    const bytes = (size * bits) / 8
    expect((await readStatusList({ bits, lst }, bytes)).byteLength).toBe(bytes)
    await expect(readStatusList({ bits, lst }, bytes - 1)).rejects.toThrow('larger than')
  })
})
