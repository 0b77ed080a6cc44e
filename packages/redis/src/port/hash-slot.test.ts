import { expect, it } from 'vitest'
import { hashSlot } from './hash-slot.js'

// Redis Cluster Specification, "Key distribution model" and "Hash tags"; `CLUSTER KEYSLOT` says the same.
it.each([
  ['123456789', 0x31c3],
  ['foo', 12182],
  ['', 0],
  ['é', 10180],
])('is CRC16 of the key: %j', (key, slot) => {
  expect(hashSlot(key)).toBe(slot)
})

it.each([
  ['{user1000}.following', '{user1000}.followers', true],
  ['foo{bar}{zap}', 'bar', true],
  ['foo{{bar}}zap', '{bar', true],
  ['foo{}{bar}', 'bar', false],
  ['foo{bar', 'bar', false],
])('is of what stands between the first braces: %s and %s', (key, other, isSame) => {
  expect(hashSlot(key) === hashSlot(other)).toBe(isSame)
})
