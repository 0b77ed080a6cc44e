import { createCipheriv, createDecipheriv, createHmac, hkdfSync } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { KeyRing, type Purpose } from './key-ring.js'

const secret = Buffer.alloc(32, 1)
const newer = Buffer.alloc(32, 2)
const ring = new KeyRing([secret], 'orders')
const place = 'sp1:orders:{vc:AAAAAAAAAAAAAAAAAAAAAA}'

/** RFC 5869, by hand: what the ring must derive. */
function derived(use: string, purpose: string, of = secret, namespace = 'orders'): { key: Buffer; id: Buffer } {
  const pseudoRandom = createHmac('sha256', 'sallyport').update(of).digest() // §2.2
  const info = `sp1 ${namespace} ${use} ${purpose}`
  const first = createHmac('sha256', pseudoRandom).update(info).update(Buffer.of(1)).digest() // §2.3
  const second = createHmac('sha256', pseudoRandom).update(first).update(info).update(Buffer.of(2)).digest()
  return { key: first, id: second.subarray(0, 4) }
}

function hmac(key: Buffer, text: string | Buffer): Buffer {
  return createHmac('sha256', key).update(text).digest()
}

const sealingKey = ({ key }: { key: Buffer }, at = place): Buffer => hmac(key, at)

it('the derivation by hand is that of the platform', () => {
  const bytes = Buffer.from(hkdfSync('sha256', secret, 'sallyport', 'sp1 orders seal vc', 36))
  const { key, id } = derived('seal', 'vc')
  expect(bytes).toEqual(Buffer.concat([key, id]))
})

describe('names', () => {
  it('are HMAC-SHA256 over fields that carry their lengths', () => {
    const expected = hmac(derived('name', 'rp').key, '4:dpop5:Zürc')
    expect(ring.digest('rp', 'dpop', 'Zürc')).toEqual(expected)
    expect(ring.name('rp', 'dpop', 'Zürc')).toBe(expected.toString('base64url').slice(0, 22))
  })

  it('are 22 characters that fit into a key of Redis', () => {
    for (let each = 0; each < 100; each++) expect(ring.name('rl', String(each))).toMatch(/^[\w-]{22}$/)
  })

  it.each([
    ['where one field ends', ['ab', 'c'], ['a', 'bc']],
    ['how many fields there are', ['a', ''], ['a']],
    ['a field that looks like two', ['1:a'], ['', 'a']],
    ['their order', ['a', 'b'], ['b', 'a']],
    ['halves of surrogate pairs', ['\ud800'], ['\ud801']],
    ['such a half and what UTF-8 makes of it', ['\ud800'], ['\ufffd']],
    ['a letter and how it looks', ['\u00e9'], ['e\u0301']],
  ])('tell apart %s', (_, one, another) => {
    expect(ring.name('rp', ...one)).not.toBe(ring.name('rp', ...another))
  })

  it('say nothing of one purpose, namespace or secret to another', () => {
    const others = [new KeyRing([secret], 'order'), new KeyRing([newer], 'orders'), new KeyRing([], 'orders')]
    const names = [ring.name('rp', 'a'), ring.name('vc', 'a'), ...others.map((each) => each.name('rp', 'a'))]
    expect(new Set(names).size).toBe(names.length)
  })

  it('stay the same while a secret is added and comes first, and are those of the last', () => {
    const steps = [[secret], [secret, newer, secret], [newer, secret]].map((each) => new KeyRing(each, 'orders'))
    expect(new Set(steps.map((each) => each.name('rp', 'a'))).size).toBe(1)
    expect(new KeyRing([secret, newer], 'orders').name('rp', 'a')).not.toBe(ring.name('rp', 'a'))
  })
})

describe('seals', () => {
  it('are AES-256-GCM as anybody with the secret can open it', () => {
    const bytes = Buffer.from(ring.seal('vc', place, 'für uns'), 'base64url')
    const from = derived('seal', 'vc')
    expect(bytes.subarray(0, 4)).toEqual(from.id)
    const decipher = createDecipheriv('aes-256-gcm', sealingKey(from), bytes.subarray(4, 16))
    decipher.setAAD(Buffer.from(`sp1 vc ${place}`)).setAuthTag(bytes.subarray(-16))
    expect(decipher.update(bytes.subarray(16, -16), undefined, 'utf8') + decipher.final('utf8')).toBe('für uns')
  })

  it('open what somebody else sealed by the same rules', () => {
    expect(ring.open('vc', place, sealed())).toBe('{}')
  })

  it('open to the text that was sealed, the empty one too', () => {
    for (const text of ['', '{}', 'ä\u{1f511}', 'x'.repeat(100_000)])
      expect(ring.open('vc', place, ring.seal('vc', place, text))).toBe(text)
  })

  it('never look the same twice', () => {
    const all = Array.from({ length: 100 }, () => ring.seal('vc', place, '{}'))
    expect(new Set(all.map((each) => Buffer.from(each, 'base64url').toString('hex', 4, 16))).size).toBe(100)
  })

  it.each<[string, Partial<Sealed>]>([
    ['the seals of another place', { place: `${place}:doc` }],
    ['the key of another place', { keyFor: `${place}:doc` }],
    ['the associated data of another place', { associated: `sp1 vc ${place}:doc` }],
    ['the associated data of another purpose', { associated: `sp1 jwks ${place}` }],
    ['those of another version', { associated: `sp2 vc ${place}` }],
    ['the key of another purpose', { from: derived('seal', 'jwks') }],
    ['the key for another use', { from: derived('name', 'vc') }],
    ['the key of another namespace', { from: derived('seal', 'vc', secret, 'order') }],
    ['the key of another secret', { from: derived('seal', 'vc', newer) }],
    ['another key under a key id of ours', { from: { ...derived('seal', 'vc', newer), id: derived('seal', 'vc').id } }],
    ['our key under another key id', { from: { ...derived('seal', 'vc'), id: Buffer.of(1, 2, 3, 4) } }],
  ])('do not open with %s', (_, spoiled) => {
    expect(ring.open('vc', place, sealed(spoiled))).toBeUndefined()
  })

  it('do not open for another purpose', () => {
    expect(ring.open('jwks', place, ring.seal('vc', place, '{}'))).toBeUndefined()
  })

  it('do not open with any bit changed', () => {
    const bytes = Buffer.from(ring.seal('vc', place, '{"a":1}'), 'base64url')
    for (let bit = 0; bit < bytes.length * 8; bit++) {
      const changed = Buffer.from(bytes)
      changed[bit >> 3] = (changed[bit >> 3] as number) ^ (1 << (bit & 7))
      expect(ring.open('vc', place, changed.toString('base64url')), `bit ${bit}`).toBeUndefined()
    }
  })

  it('do not open cut off anywhere, nor with something added', () => {
    const text = ring.seal('vc', place, '{"a":1}')
    for (let length = 0; length < text.length; length++)
      expect(ring.open('vc', place, text.slice(0, length)), `${length} characters`).toBeUndefined()
    expect(ring.open('vc', place, `${text}AAAA`)).toBeUndefined()
  })

  it('have one spelling (RFC 4648 §3.5)', () => {
    const text = sealed({ text: '{"a":1}' }) // 39 bytes: the last character has no bits to spare
    expect(ring.open('vc', place, text)).toBe('{"a":1}')
    const other = sealed({ text: '{"ab":1}' }) // 40 bytes: four bits to spare
    const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'
    const respelled = other.slice(0, -1) + alphabet[alphabet.indexOf(other.at(-1) as string) + 1]
    expect(Buffer.from(respelled, 'base64url')).toEqual(Buffer.from(other, 'base64url'))
    for (const wrong of [respelled, `${text}=`, ` ${text}`, `${text}\n`, `${text}!`])
      expect(ring.open('vc', place, wrong), JSON.stringify(wrong.slice(-3))).toBeUndefined()
  })

  it('are made with the first secret and opened with any', () => {
    const both = new KeyRing([newer, secret], 'orders')
    expect(both.open('vc', place, ring.seal('vc', place, 'old'))).toBe('old')
    expect(new KeyRing([newer], 'orders').open('vc', place, both.seal('vc', place, 'new'))).toBe('new')
    expect(ring.open('vc', place, both.seal('vc', place, 'new'))).toBeUndefined()
  })

  it('do not open with a secret that was dropped', () => {
    const text = ring.seal('vc', place, 'old')
    expect(new KeyRing([newer], 'orders').open('vc', place, text)).toBeUndefined()
  })

  it('are neither made nor opened without a secret', () => {
    const open = new KeyRing([], 'orders')
    expect(open.isSecret).toBe(false)
    expect(() => open.seal('vc', place, '{}')).toThrow(TypeError)
    const known = derived('seal', 'vc', Buffer.from('no secret'))
    expect(open.open('vc', place, sealed({ from: known }))).toBeUndefined()
  })
})

describe('marks', () => {
  const text = '1.AAAA.writer.7'

  it('are 128 bits of HMAC-SHA256', () => {
    const expected = hmac(derived('mark', 'rv').key, text).subarray(0, 16).toString('base64url')
    expect(ring.mark('rv', text)).toBe(expected)
    expect(ring.isMarked('rv', text, expected)).toBe(true)
  })

  it.each<[string, Purpose, string, string]>([
    ['another text', 'rv', `${text}1`, ring.mark('rv', text)],
    ['another purpose', 'pol', text, ring.mark('rv', text)],
    ['another namespace', 'rv', text, new KeyRing([secret], 'order').mark('rv', text)],
    ['another secret', 'rv', text, new KeyRing([newer], 'orders').mark('rv', text)],
    ['a name', 'rv', text, hmac(derived('name', 'rv').key, text).subarray(0, 16).toString('base64url')],
    ['no mark at all', 'rv', text, ''],
    ['a mark that was cut off', 'rv', text, ring.mark('rv', text).slice(0, 21)],
    ['a mark with more behind it', 'rv', text, hmac(derived('mark', 'rv').key, text).toString('base64url')],
    ['a mark in another spelling', 'rv', text, `${ring.mark('rv', text)}=`],
  ])('are not taken from %s', (_, purpose, marked, mark) => {
    expect(ring.isMarked(purpose, marked, mark)).toBe(false)
  })

  it('do not hold with any bit changed', () => {
    const bytes = Buffer.from(ring.mark('rv', text), 'base64url')
    for (let bit = 0; bit < 128; bit++) {
      const changed = Buffer.from(bytes)
      changed[bit >> 3] = (changed[bit >> 3] as number) ^ (1 << (bit & 7))
      expect(ring.isMarked('rv', text, changed.toString('base64url')), `bit ${bit}`).toBe(false)
    }
  })

  it('are made with the first secret and accepted of any', () => {
    const both = new KeyRing([newer, secret], 'orders')
    expect(both.isMarked('rv', text, ring.mark('rv', text))).toBe(true)
    expect(new KeyRing([newer], 'orders').isMarked('rv', text, both.mark('rv', text))).toBe(true)
  })

  it('tell mistakes apart without a secret, and namespaces', () => {
    const open = new KeyRing([], 'orders')
    expect(open.isMarked('rv', text, open.mark('rv', text))).toBe(true)
    expect(open.isMarked('rv', `${text}1`, open.mark('rv', text))).toBe(false)
    expect(new KeyRing([], 'order').isMarked('rv', text, open.mark('rv', text))).toBe(false)
  })
})

interface Sealed {
  readonly text: string
  readonly place: string
  readonly keyFor: string
  readonly associated: string
  readonly from: { readonly key: Buffer; readonly id: Buffer }
}

/** A seal made by hand: ours, unless something of it is not. */
function sealed(spoiled: Partial<Sealed> = {}): string {
  const { text = '{}', from = derived('seal', 'vc') } = spoiled
  const at = spoiled.place ?? place
  const nonce = Buffer.alloc(12, 9)
  const cipher = createCipheriv('aes-256-gcm', sealingKey(from, spoiled.keyFor ?? at), nonce)
  cipher.setAAD(Buffer.from(spoiled.associated ?? `sp1 vc ${at}`))
  const body = Buffer.concat([cipher.update(text, 'utf8'), cipher.final()])
  return Buffer.concat([from.id, nonce, body, cipher.getAuthTag()]).toString('base64url')
}
