import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { endless, everyIssuer, kinds, type RevocationEntry } from './revocation-entry.js'
import { RevocationTable } from './revocation-table.js'

const good: RevocationEntry = {
  kind: 'subject',
  high: 0x8000_0001,
  low: 0xffff_fffe,
  issuer: everyIssuer,
  cutOff: 1_800_000_001,
  until: 1_900_000_000,
}

function exact(maxEntries = 1_000): RevocationTable {
  return new RevocationTable({ memory: 'exact', maxEntries })
}

/** A token with one name, and whether it is revoked. */
function isRevoked(
  table: RevocationTable,
  { kind, high, low }: Pick<RevocationEntry, 'kind' | 'high' | 'low'>,
  { issuer = 7, issuedAt = 1_800_000_000 } = {},
): boolean {
  const ids = { kinds: 63, issuer, names: [kinds.indexOf(kind), high | 0, low | 0] }
  const answer = table.isRevoked(ids, issuedAt)
  if (answer && !table.mayBeRevoked(ids)) throw new Error('the filter has lost it')
  return answer
}

function listed(table: RevocationTable, region = 7): RevocationEntry[] {
  return Array.from({ length: table.parts }, (_, part) => [...table.entriesMissingIn(region, part)]).flat()
}

function sweep(table: RevocationTable, seconds: number): void {
  while (!table.forgetPast(seconds, 1));
}

describe('what is revoked', () => {
  it('is what was put in, with its issuer, its cut-off and its end', () => {
    const table = exact()
    const entries = kinds.map((kind, i) => ({
      ...good,
      kind,
      low: 0xffff_fff0 + i,
      issuer: i % 2 === 0 ? 0 : 0x1fff_ffff,
    }))
    for (const entry of entries) expect(table.put(entry)).toBe('new')
    expect(table.size).toBe(6)
    expect(listed(table)).toHaveLength(6)
    expect(listed(table)).toEqual(expect.arrayContaining(entries))
  })

  it('is revoked up to the second of its cut-off', () => {
    const table = exact()
    table.put(good)
    expect(isRevoked(table, good, { issuedAt: 1_799_999_999 })).toBe(true)
    expect(isRevoked(table, good, { issuedAt: 1_800_000_000 })).toBe(true)
    expect(isRevoked(table, good, { issuedAt: 1_800_000_000.5 })).toBe(false)
    expect(isRevoked(table, good, { issuedAt: 1_800_000_001 })).toBe(false)
    expect(isRevoked(table, good, { issuedAt: Number.NEGATIVE_INFINITY })).toBe(true)
  })

  it('is revoked for ever where it does not come back', () => {
    const table = exact()
    table.put({ ...good, cutOff: endless })
    expect(isRevoked(table, good, { issuedAt: 0xffff_ffff })).toBe(true)
    expect(isRevoked(table, good, { issuedAt: 1e300 })).toBe(true)
    const other = exact()
    other.put({ ...good, cutOff: endless - 1 })
    expect(isRevoked(other, good, { issuedAt: 0xffff_fffd })).toBe(true)
    expect(isRevoked(other, good, { issuedAt: 0xffff_fffe })).toBe(false)
  })

  it('before 1970 is another time than at its first second', () => {
    const table = exact()
    table.put({ ...good, cutOff: 0 })
    expect(isRevoked(table, good, { issuedAt: -1 })).toBe(true)
    expect(isRevoked(table, good, { issuedAt: 0 })).toBe(false)
  })

  it('of one issuer is not revoked of another', () => {
    const table = exact()
    table.put({ ...good, issuer: 7 })
    expect(isRevoked(table, good, { issuer: 7 })).toBe(true)
    expect(isRevoked(table, good, { issuer: 8 })).toBe(false)
    table.put({ ...good, issuer: 9 })
    expect(isRevoked(table, good, { issuer: 9 })).toBe(true)
    expect(isRevoked(table, good, { issuer: 8 })).toBe(false)
    table.put(good)
    expect(isRevoked(table, good, { issuer: 8 })).toBe(true)
    expect(table.size).toBe(3)
  })

  it('of one issuer does not hide what is revoked of every issuer, nor the other way round', () => {
    for (const [first, second] of [
      [0, 7],
      [7, 0],
    ] as const) {
      const table = exact()
      table.put({ ...good, issuer: first, cutOff: 10 })
      table.put({ ...good, issuer: second, cutOff: 20 })
      expect(isRevoked(table, good, { issuedAt: 19 })).toBe(true)
      expect(isRevoked(table, good, { issuedAt: 20 })).toBe(false)
    }
  })

  it('is one kind of name and no other, and one id and no other', () => {
    const table = exact()
    table.put(good)
    expect(isRevoked(table, { ...good, kind: 'client' })).toBe(false)
    expect(isRevoked(table, { ...good, high: good.high + 1 })).toBe(false)
    expect(isRevoked(table, { ...good, low: good.low + 1 })).toBe(false)
    expect(isRevoked(table, good)).toBe(true)
  })

  it('is found whichever of the names of a token it is', () => {
    const table = exact()
    table.put(good)
    const others = [0, 11, 12, 5, 21, 22]
    const own = [kinds.indexOf(good.kind), good.high | 0, good.low | 0]
    expect(table.isRevoked({ kinds: 63, issuer: 7, names: others }, 0)).toBe(false)
    expect(table.isRevoked({ kinds: 63, issuer: 7, names: [...others, ...own] }, 0)).toBe(true)
    expect(table.isRevoked({ kinds: 63, issuer: 7, names: [...own, ...others] }, 0)).toBe(true)
  })
})

describe('an entry that comes again', () => {
  it('never weakens the earlier one, in whichever order they come', () => {
    const [a, b] = [
      { ...good, cutOff: 10, until: 200 },
      { ...good, cutOff: 20, until: 100 },
    ]
    for (const order of [
      [a, b],
      [b, a],
    ] as const) {
      const table = exact()
      expect(table.put(order[0])).toBe('new')
      expect(table.put(order[1])).toBe('changed')
      expect(table.put(order[0])).toBe('known')
      expect(listed(table)).toEqual([{ ...good, cutOff: 20, until: 200 }])
      expect(table.size).toBe(1)
    }
  })

  it('changes the version of the table only if it says more', () => {
    const table = exact()
    expect(table.version).toBe(0)
    table.put(good)
    const { version } = table
    expect(version).toBeGreaterThan(0)
    table.put(good)
    table.put({ ...good, cutOff: good.cutOff - 1 })
    expect(table.version).toBe(version)
    table.put({ ...good, cutOff: good.cutOff + 1 })
    expect(table.version).toBeGreaterThan(version)
  })

  it('tells which kinds were ever revoked', () => {
    const table = exact()
    expect(table.kinds).toBe(0)
    table.put(good)
    table.put({ ...good, kind: 'jti' })
    expect(table.kinds).toBe((1 << kinds.indexOf('subject')) | (1 << kinds.indexOf('jti')))
  })
})

describe('the bound', () => {
  it.each(['exact', 'filter'] as const)('refuses what does not fit and takes what is there: %s', (memory) => {
    const table = new RevocationTable({ memory, maxEntries: 3 })
    const entries = [good, { ...good, kind: 'jti' as const, low: 2 }, { ...good, kind: 'session' as const, low: 3 }]
    for (const entry of entries) table.put(entry)
    const { version } = table
    for (const kind of kinds) {
      expect(() => table.put({ ...good, kind, low: 4 })).toThrow(RangeError)
      expect(isRevoked(table, { ...good, kind, low: 4 })).toBe(false)
    }
    expect(table.version).toBe(version)
    expect(table.put({ ...good, cutOff: endless })).toBe('changed')
    expect(table.put(entries[1] as RevocationEntry)).toBe('known')
    expect(table.size).toBe(3)
  })

  it('has room again for what is put in after something ended', () => {
    const table = exact(2)
    table.put({ ...good, until: 100 })
    table.put({ ...good, low: 1, until: 200 })
    sweep(table, 101)
    expect(table.put({ ...good, low: 2 })).toBe('new')
    expect(() => table.put({ ...good, low: 3 })).toThrow(RangeError)
  })
})

describe('forgetting', () => {
  it('forgets what ended before a second, and nothing that ends then or never', () => {
    const table = exact()
    table.put({ ...good, low: 1, until: 99 })
    table.put({ ...good, low: 2, until: 100 })
    table.put({ ...good, low: 3, until: endless })
    sweep(table, 100)
    expect(table.size).toBe(2)
    expect([1, 2, 3].map((low) => isRevoked(table, { ...good, low }))).toEqual([false, true, true])
    sweep(table, endless)
    expect([1, 2, 3].map((low) => isRevoked(table, { ...good, low }))).toEqual([false, false, true])
  })

  it('keeps what was prolonged', () => {
    const table = exact()
    table.put({ ...good, until: 99 })
    table.put({ ...good, until: 101 })
    sweep(table, 100)
    expect(table.size).toBe(1)
    sweep(table, 102)
    expect(table.size).toBe(0)
  })

  it('gives back no room that is needed', () => {
    const table = exact()
    for (let low = 0; low < 500; low++) table.put({ ...good, low, until: low < 250 ? 99 : 100 })
    sweep(table, 100)
    expect(table.size).toBe(250)
    for (let low = 0; low < 500; low++) expect(isRevoked(table, { ...good, low })).toBe(low >= 250)
  })

  it('takes what was forgotten out of the filter', () => {
    const table = exact()
    table.put({ ...good, low: 1, until: 99 })
    table.put({ ...good, low: 2, until: 200 })
    sweep(table, 100)
    const asked = (low: number) => table.mayBeRevoked({ kinds: 63, issuer: 7, names: [3, good.high | 0, low] })
    expect([asked(1), asked(2)]).toEqual([false, true])
  })

  it('goes on where it left off, and gives memory back', () => {
    const table = exact(100_000)
    const entry = (i: number) => ({
      ...good,
      high: i,
      low: Math.imul(i, 0x9e37_79b1) >>> 0,
      until: i % 10 === 0 ? 200 : 99,
    })
    for (let i = 0; i < 100_000; i++) table.put(entry(i))
    const { bytes } = table
    let calls = 1
    for (; !table.forgetPast(100, 12_000); calls++) expect(table.size).toBeGreaterThan(10_000)
    expect(calls).toBe(8)
    expect(table.size).toBe(10_000)
    expect(table.bytes).toBeLessThan(bytes / 2)
    for (let i = 0; i < 100_000; i++)
      if (isRevoked(table, entry(i)) !== (i % 10 === 0)) throw new Error(`${i} is wrong`)
  })
})

describe('regions', () => {
  it('miss what they are not known to have', () => {
    const table = exact()
    const other = { ...good, low: 1 }
    table.put(good, 0)
    table.put(other, 7)
    table.put({ ...good, low: 2 })
    expect(
      listed(table, 0)
        .map(({ low }) => low)
        .sort(),
    ).toEqual([1, 2])
    expect(listed(table, 7).map(({ low }) => low)).toEqual(expect.arrayContaining([2, good.low]))
    table.put(good, 7)
    expect(listed(table, 7)).toEqual([{ ...good, low: 2 }])
    expect(listed(table, 3)).toHaveLength(3)
  })

  it('have nothing any more once they are read anew, and what they show then', () => {
    const table = exact()
    const other = { ...good, low: 1 }
    for (const entry of [good, other]) for (const region of [0, 1]) table.put(entry, region)
    table.markRegionUnread(1)
    expect(listed(table, 0)).toEqual([])
    expect(listed(table, 1)).toHaveLength(2)
    expect(isRevoked(table, good)).toBe(true)
    expect(table.put(good, 1)).toBe('known')
    expect(listed(table, 1)).toEqual([other])
  })

  it('keep what is known of them while the table grows and forgets', () => {
    const table = exact()
    table.put(good, 3)
    for (let low = 0; low < 900; low++) table.put({ ...good, low, until: 99 })
    sweep(table, 100)
    expect(listed(table, 2)).toEqual([good])
    expect(listed(table, 3)).toEqual([])
  })

  it('miss an entry of which another has more, until they show all of it', () => {
    const table = exact()
    const [longer, wider] = [
      { ...good, until: good.until + 1 },
      { ...good, cutOff: good.cutOff + 1 },
    ]
    const both = { ...longer, cutOff: wider.cutOff }
    table.put(good, 0)
    table.put(longer, 1)
    expect([listed(table, 0), listed(table, 1)]).toEqual([[longer], []])
    table.put(good, 0)
    expect(listed(table, 0)).toEqual([longer])
    table.put(longer, 0)
    expect(listed(table, 0)).toEqual([])
    table.put(wider, 2) // all of it is in none of them
    for (const region of [0, 1, 2]) expect(listed(table, region)).toEqual([both])
    table.put(both, 2)
    expect(listed(table, 2)).toEqual([])
  })

  it('can be listed while others are put in', () => {
    const table = exact()
    for (let i = 0; i < 8; i++) table.put({ ...good, low: i })
    const seen: number[] = []
    for (const { low } of table.entriesMissingIn(0, good.high % table.parts)) {
      seen.push(low)
      for (let i = 0; i < 50; i++) table.put({ ...good, low: 1_000 + 50 * low + i })
    }
    expect(seen).toEqual(expect.arrayContaining([0, 1, 2, 3, 4, 5, 6, 7]))
  })
})

describe('a table under all of it', () => {
  /** What it must mean: a map. */
  class Model {
    readonly #entries = new Map<string, { entry: RevocationEntry; regions: Set<number> }>()

    get all(): { entry: RevocationEntry; regions: Set<number> }[] {
      return [...this.#entries.values()]
    }

    put(entry: RevocationEntry, region: number | undefined): 'new' | 'changed' | 'known' {
      const key = JSON.stringify([entry.kind, entry.high, entry.low, entry.issuer])
      const known = this.#entries.get(key)
      const cutOff = Math.max(entry.cutOff, known?.entry.cutOff ?? 0)
      const until = Math.max(entry.until, known?.entry.until ?? 0)
      // A region that shows less than is known lacks the rest, and so does one that showed what was known before.
      const isMore = known === undefined || cutOff > known.entry.cutOff || until > known.entry.until
      const isAll = entry.cutOff === cutOff && entry.until === until
      const regions = new Set([...(isMore ? [] : known.regions), ...(region === undefined || !isAll ? [] : [region])])
      this.#entries.set(key, { entry: { ...entry, cutOff, until }, regions })
      if (known === undefined) return 'new'
      return isMore ? 'changed' : 'known'
    }

    isRevoked(kind: string, high: number, low: number, issuer: number, issuedAt: number): boolean {
      return this.all.some(
        ({ entry }) =>
          entry.kind === kind &&
          entry.high === high &&
          entry.low === low &&
          (entry.issuer === everyIssuer || entry.issuer === issuer) &&
          (entry.cutOff === endless || issuedAt < entry.cutOff),
      )
    }

    forgetPast(seconds: number): void {
      for (const [key, { entry }] of this.#entries) if (entry.until < seconds) this.#entries.delete(key)
    }

    markUnread(region: number): void {
      for (const { regions } of this.all) regions.delete(region)
    }
  }

  // Few values, so that they meet: the same slots, the same ids of several kinds and issuers, the ends of the table.
  const half = fc.constantFrom(0, 1, 2, 0x7fff_ffff, 0x8000_0000, 0xffff_fffe, 0xffff_ffff)
  const time = fc.constantFrom(0, 1, 2, 3, endless - 1, endless)
  const region = fc.constantFrom(0, 1, 7)
  const entry = fc.record({
    kind: fc.constantFrom(...kinds),
    high: half,
    low: half,
    issuer: fc.constantFrom(everyIssuer, 1, 0x1fff_ffff),
    cutOff: time,
    until: time,
  })
  const step = fc.oneof(
    { weight: 20, arbitrary: fc.record({ put: entry, region: fc.option(region, { nil: undefined }) }) },
    { weight: 1, arbitrary: fc.record({ forget: time }) },
    { weight: 1, arbitrary: fc.record({ unread: region }) },
  )

  const questions = [undefined, 'jti', 'issuer'].flatMap((kind) =>
    [1, 2, 0x1fff_ffff].flatMap((issuer) =>
      [-1, 0, 1, 2, 3, 0xffff_fffd, 0xffff_ffff].map((issuedAt) => ({
        kind: kind as RevocationEntry['kind'] | undefined,
        issuer,
        issuedAt,
      })),
    ),
  )
  const keys = ['kind', 'high', 'low', 'issuer', 'cutOff', 'until']

  it('says what a map would say', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 120, size: 'max' }), (steps) => {
        const [table, model] = [exact(20_000), new Model()]
        for (const each of steps) {
          if ('put' in each) expect(table.put(each.put, each.region)).toBe(model.put(each.put, each.region))
          else if ('forget' in each) {
            sweep(table, each.forget)
            model.forgetPast(each.forget)
          } else {
            table.markRegionUnread(each.unread)
            model.markUnread(each.unread)
          }
        }
        expect(table.size).toBe(model.all.length)
        const sorted = (entries: RevocationEntry[]) => entries.map((each) => JSON.stringify(each, keys)).sort()
        for (const each of [0, 1, 7]) {
          const missing = model.all.filter(({ regions }) => !regions.has(each)).map((known) => known.entry)
          expect(sorted(listed(table, each))).toEqual(sorted(missing))
        }
        const wrong = model.all.flatMap(({ entry: { high, low, ...entry } }) =>
          questions
            .map((asked) => ({ ...asked, kind: asked.kind ?? entry.kind, high, low }))
            .filter(
              (asked) =>
                isRevoked(table, asked, asked) !== model.isRevoked(asked.kind, high, low, asked.issuer, asked.issuedAt),
            ),
        )
        expect(wrong).toEqual([])
      }),
      { seed: 5, numRuns: 150 },
    )
  })

  it('finds each of 60,000 entries, and none of as many others, while it grows', () => {
    const table = exact(60_000)
    const id = (i: number) => ({ high: Math.imul(i, 0x85eb_ca6b) >>> 0, low: Math.imul(i, 0xc2b2_ae35) >>> 0 })
    for (let i = 0; i < 60_000; i++) if (table.put({ ...good, ...id(i) }) !== 'new') throw new Error(`${i} was known`)
    for (let i = 0; i < 120_000; i++)
      if (isRevoked(table, { ...good, ...id(i) }) !== i < 60_000) throw new Error(`${i} is wrong`)
    expect(table.size).toBe(60_000)
  })
})

describe('memory', () => {
  // As the halves of a digest are: spread evenly, and not equally (MurmurHash3's finalizer).
  const spread = (i: number) => {
    const mixed = Math.imul(i ^ (i >>> 16), 0x85eb_ca6b)
    return Math.imul(mixed ^ (mixed >>> 13), 0xc2b2_ae35)
  }
  const id = (i: number) => ({ high: (spread(i) ^ (spread(i) >>> 16)) >>> 0, low: spread(i + 0x1234_5678) >>> 0 })

  it('is 32 MB for 1,048,576 entries', () => {
    const table = exact(1_048_576)
    for (let i = 0; i < 1_048_576; i++) table.put({ ...good, ...id(i) })
    expect(table.size).toBe(1_048_576)
    expect(table.bytes).toBeLessThanOrEqual(32_000_000)
  })

  it('is 5 MB for a million tokens in a filter alone', () => {
    const table = new RevocationTable({ memory: 'filter', maxEntries: 1_000_000 })
    for (let i = 0; i < 999_990; i++) table.put({ ...good, kind: 'jti', ...id(i) })
    expect(table.size).toBeGreaterThan(999_900)
    expect(table.bytes).toBeLessThanOrEqual(5_000_000)
  })
})

describe('tokens and sessions in a filter alone', () => {
  const filter = () => new RevocationTable({ memory: 'filter', maxEntries: 20_000 })
  const token = { ...good, kind: 'jti' as const, low: 4, cutOff: endless }
  const session = { ...token, kind: 'session' as const, low: 5 }

  it('are revoked, of one issuer or of every one', () => {
    const table = filter()
    expect(table.put(token)).toBe('new')
    expect(table.put(token)).toBe('known')
    expect(table.put({ ...session, issuer: 7 })).toBe('new')
    expect(table.size).toBe(2)
    expect(isRevoked(table, token, { issuer: 8 })).toBe(true)
    expect(isRevoked(table, session, { issuer: 7 })).toBe(true)
    expect(isRevoked(table, session, { issuer: 8 })).toBe(false)
    expect(isRevoked(table, { ...token, low: 6 })).toBe(false)
  })

  it('leave everything else exact: what is known of it can be listed, merges, and has a cut-off', () => {
    const table = filter()
    const exactKinds = ['keyId', 'subject', 'client', 'issuer'] as const
    for (const entry of [token, session]) table.put(entry)
    for (const kind of exactKinds) {
      table.put({ ...good, kind })
      expect(isRevoked(table, { ...good, kind }, { issuedAt: good.cutOff - 1 })).toBe(true)
      expect(isRevoked(table, { ...good, kind }, { issuedAt: good.cutOff })).toBe(false)
    }
    expect(
      listed(table)
        .map(({ kind }) => kind)
        .sort(),
    ).toEqual([...exactKinds].sort())
    expect(table.size).toBe(6)
  })

  it('stay when what ended is forgotten', () => {
    const table = filter()
    table.put({ ...token, until: 99 })
    table.put({ ...good, until: 99 })
    sweep(table, 100)
    expect([isRevoked(table, token), isRevoked(table, good)]).toEqual([true, false])
    expect(table.size).toBe(1)
  })

  it('are forgotten by beginning afresh, but for what is put in again meanwhile', () => {
    const table = filter()
    const [kept, gone, late] = [token, { ...token, low: 2 }, { ...token, low: 3 }]
    for (const entry of [kept, gone, good]) table.put(entry, 0)
    table.startAfresh()
    expect(table.put(kept)).toBe('known')
    expect(table.put(late)).toBe('new')
    const subject = { ...good, low: 9 }
    table.put(subject)
    for (const entry of [kept, gone, late, good, subject]) expect(isRevoked(table, entry)).toBe(true)
    table.finishAfresh()
    for (const entry of [kept, late, good, subject]) expect(isRevoked(table, entry)).toBe(true)
    expect(isRevoked(table, gone)).toBe(false)
    expect(table.size).toBe(4)
    expect(table.put(gone)).toBe('new')
  })

  it('are not touched by an end of what was never begun', () => {
    const table = filter()
    table.put(token)
    table.finishAfresh()
    expect(isRevoked(table, token)).toBe(true)
  })

  it('keep everything where they shall forget nothing after all', () => {
    const table = filter()
    table.put(token)
    table.startAfresh()
    table.abandonAfresh()
    table.finishAfresh()
    expect(isRevoked(table, token)).toBe(true)
  })

  it('change the version where the first of a kind is taken for another', () => {
    const table = filter()
    table.put(token)
    const { version } = table
    expect(table.put({ ...token, kind: 'session' })).toBe('known')
    expect(table.version).toBeGreaterThan(version)
  })
})
