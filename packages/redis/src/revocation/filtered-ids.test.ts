import { describe, expect, it } from 'vitest'
import { FilteredIds } from './filtered-ids.js'
import { endless, everyIssuer, type RevocationEntry } from './revocation-entry.js'

const [high, low] = [0x1234_5678, 0x0abc_def0]
const [issuer, another] = [5, 6]

const entry = (changes: Partial<RevocationEntry> = {}): RevocationEntry => ({
  kind: 'jti',
  high,
  low,
  issuer,
  cutOff: endless,
  until: endless,
  ...changes,
})

/** An id of one issuer, as the filter has it: the id of every issuer that it is taken for. */
const mixed = (each: number): number => high ^ Math.imul(each, 0x9e37_79b1)

describe('an id of one issuer', () => {
  it('is found for that issuer, and for no other', () => {
    const ids = new FilteredIds(100)
    expect(ids.put(entry())).toBe('new')
    expect(ids.isRevoked(high, low, issuer)).toBe(true)
    expect(ids.isRevoked(high, low, another)).toBe(false)
  })

  it('is found, though the filter took it for known when the first of its kind was put in', () => {
    const ids = new FilteredIds(100)
    ids.put(entry({ high: mixed(issuer), issuer: everyIssuer }))
    expect(ids.isRevoked(high, low, issuer)).toBe(false) // nobody has named an issuer
    expect(ids.put(entry())).toBe('known')
    expect(ids.isRevoked(high, low, issuer)).toBe(true)
    expect(ids.isRevoked(high, low, another)).toBe(false)
  })

  it('is found where an id of something else had set all its bits', () => {
    const ids = new FilteredIds(1) // one block for all of them: they have bits in common soon
    for (let each = 1; !ids.has(mixed(issuer), low); each += 1) {
      ids.add(Math.imul(each, 0x2545_f491), Math.imul(each, 0x9e37_79b1))
      expect(each).toBeLessThan(500)
    }
    // The nearest ids that nobody has put in either.
    const others = Array.from({ length: 1_000 }, (_, each) => each + 100).filter((each) => !ids.has(mixed(each), low))
    expect(others).not.toHaveLength(0)
    expect(ids.has(high, low)).toBe(false)
    expect(ids.put(entry())).toBe('known')
    expect(ids.isRevoked(high, low, issuer)).toBe(true)
    for (const other of others) expect(ids.isRevoked(high, low, other)).toBe(false)
  })

  it('is found in the filter that takes the place of the first, too', () => {
    const ids = new FilteredIds(100)
    ids.put(entry({ high: mixed(issuer), issuer: everyIssuer }))
    ids.startAfresh()
    expect(ids.put(entry())).toBe('known')
    ids.finishAfresh()
    expect(ids.size).toBe(1)
    expect(ids.isRevoked(high, low, issuer)).toBe(true)
    expect(ids.isRevoked(high, low, another)).toBe(false)
    expect(ids.isRevoked(mixed(issuer), low, another)).toBe(true) // they are one in a filter
  })
})

describe('an id of every issuer', () => {
  it('is found for each', () => {
    const ids = new FilteredIds(100)
    ids.put(entry({ issuer: everyIssuer }))
    for (const each of [issuer, another]) expect(ids.isRevoked(high, low, each)).toBe(true)
  })
})
