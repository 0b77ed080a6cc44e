import { describe, expect, it } from 'vitest'
import { KeyRing } from '../sealing/key-ring.js'
import { decodeEntry, encodeEntry, markAnew } from './entry-codec.js'
import { endless, kinds, type RevocationEntry } from './revocation-entry.js'

const [old, newest] = [Buffer.alloc(32, 'old'), Buffer.alloc(32, 'newest')]
const ring = new KeyRing([old], 'test')
const writer = 'AVrcWKxliEg'
const entry: RevocationEntry = { kind: 'jti', high: 1, low: 0xffff_ffff, issuer: 7, cutOff: endless, until: 0 }
const text = encodeEntry(ring, { entry, writer, count: 12 })

describe('an entry as text', () => {
  it.each(kinds)('reads as it was written: %s', (kind) => {
    const written = { entry: { ...entry, kind, issuer: 2 ** 29 - 1 }, writer, count: 1 }
    expect(decodeEntry(ring, encodeEntry(ring, written))).toEqual(written)
  })

  it('is short, and says nothing of what it is about', () => {
    expect(text.length).toBeLessThan(90)
    expect(text).toMatch(/^1\.[\w-]{28}\.AVrcWKxliEg\.12\.[\w-]{22}$/)
  })

  it('is not read once any part of it is changed', () => {
    for (let index = 0; index < text.length - 1; index += 1) {
      const other = text[index] === 'A' ? 'B' : 'A'
      expect(decodeEntry(ring, text.slice(0, index) + other + text.slice(index + 1))).toBeUndefined()
      expect(decodeEntry(ring, text.slice(0, index))).toBeUndefined()
    }
    expect(decodeEntry(ring, text)).toEqual({ entry, writer, count: 12 })
  })

  it('is not read with a kind or an issuer that there is not, though it is marked', () => {
    expect(decodeEntry(ring, marked(Buffer.alloc(21).fill(6, 0, 1)))).toBeUndefined()
    expect(decodeEntry(ring, marked(Buffer.alloc(21).fill(0x20, 9, 10)))).toBeUndefined()
    expect(decodeEntry(ring, marked(Buffer.alloc(21).fill(0x1f, 9, 10)))).toBeDefined()
    expect(decodeEntry(ring, marked(Buffer.alloc(21).fill(5, 0, 1)))).toBeDefined()
  })

  it.each([
    ['no count', '0'],
    ['a count with a nought before it', '01'],
    ['a count beyond counting', '1'.repeat(16)],
  ])('is not read with %s', (_, count) => {
    expect(decodeEntry(ring, marked(Buffer.alloc(21), count))).toBeUndefined()
  })

  it('is read in its namespace alone', () => {
    expect(decodeEntry(new KeyRing([old], 'other'), text)).toBeUndefined()
  })

  it('is read with every secret of a ring, and marked with the newest', () => {
    const both = new KeyRing([newest, old], 'test')
    expect(decodeEntry(both, text)?.entry).toEqual(entry)
    expect(decodeEntry(ring, markAnew(both, text))).toBeUndefined()
    expect(decodeEntry(new KeyRing([newest], 'test'), markAnew(both, text))?.entry).toEqual(entry)
    expect(markAnew(ring, text)).toBe(text)
  })
})

function marked(body: Buffer, count = '1'): string {
  const unmarked = `1.${body.toString('base64url')}.${writer}.${count}`
  return `${unmarked}.${ring.mark('rv', unmarked)}`
}
