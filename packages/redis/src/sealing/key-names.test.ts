import { expect, it } from 'vitest'
import { KeyNames } from './key-names.js'
import { KeyRing } from './key-ring.js'

const ring = new KeyRing([Buffer.alloc(32, 1)], 'orders')
const names = new KeyNames(ring, 'orders')

it('names a key by its namespace, its purpose and an HMAC', () => {
  expect(names.key('rp', ['dpop', 'ann'])).toBe(`sp1:orders:{rp:${ring.name('rp', 'dpop', 'ann')}}`)
})

it('keeps the parts of one thing between the same braces, and so in one slot', () => {
  const [doc, lock] = [names.key('jwks', ['a'], 'doc'), names.key('jwks', ['a'], 'lock')]
  expect(doc).toMatch(/^sp1:orders:\{jwks:[\w-]{22}\}:doc$/)
  expect(lock).toBe(doc.replace(/doc$/, 'lock'))
})

it('has one place for revocations, and nothing of anybody in its name', () => {
  expect(names.revocation('log')).toBe('sp1:orders:{rv}:log')
  expect(names.revocation('push')).toBe('sp1:orders:{rv}:push')
})

it('tells nobody whom a key is about', () => {
  expect(names.key('rl', ['203.0.113.9'])).not.toContain('203')
})
