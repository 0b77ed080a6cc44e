import { expect, it } from 'vitest'
import { formatAddress, parseAddress, readSlotMap } from './slot-map.js'

const answer = [
  [0, 5460, ['10.0.0.1', 6379, 'a', {}], ['10.0.0.4', 6379, 'd', {}]],
  [5461, 16383, ['10.0.0.2', 6380, 'b', {}]],
]

it('reads who has which slots', () => {
  const map = readSlotMap(answer, 'asked')
  expect([0, 5460, 5461, 16383].map((slot) => map.masterOfSlot[slot])).toEqual([
    '10.0.0.1:6379',
    '10.0.0.1:6379',
    '10.0.0.2:6380',
    '10.0.0.2:6380',
  ])
  expect([...map.masters]).toEqual(['10.0.0.1:6379', '10.0.0.2:6380'])
  expect([...map.replicas]).toEqual(['10.0.0.4:6379'])
})

it.each([null, '', '?'])('takes a node without a name for the one that was asked: %j', (name) => {
  expect([...readSlotMap([[0, 1, [name, 7000, 'a']]], 'asked').masters]).toEqual(['asked:7000'])
})

it('tells answers apart by their masters, not by their replicas', () => {
  const [first, second] = answer
  const same = readSlotMap([[...(first ?? []).slice(0, 3)], second ?? []], 'asked')
  expect(same.fingerprint).toBe(readSlotMap(answer, 'asked').fingerprint)
  const other = readSlotMap([[0, 5461, ...(first ?? []).slice(2)], second ?? []], 'asked')
  expect(other.fingerprint).not.toBe(same.fingerprint)
})

it.each([null, 'no', [], [[0, 'a', []]], [[0, 1]]])('makes nothing of what it does not understand: %j', (reply) => {
  expect(readSlotMap(reply, 'asked').masters.size).toBe(0)
})

it('writes addresses as it reads them, those of IPv6 too', () => {
  for (const each of ['10.0.0.1:6379', 'redis.internal:1', '2001:db8::1:6379'])
    expect(formatAddress(parseAddress(each))).toBe(each)
  expect(parseAddress('2001:db8::1:6379')).toEqual({ host: '2001:db8::1', port: 6379 })
})
