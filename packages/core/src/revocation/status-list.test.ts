// The published vectors are in test/vectors.
import { deflateRawSync, deflateSync, gzipSync } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import { readStatusList, StatusListError } from './status-list.js'

const base64url = (bytes: Buffer) => bytes.toString('base64url')
const bytes = Buffer.from([0b1011_1001, 0b1010_0011])
const lst = base64url(deflateSync(bytes))

describe('R-TSL-4, draft-ietf-oauth-status-list-20 §4.1', () => {
  it.each([
    [1, [1, 0, 0, 1, 1, 1, 0, 1, 1, 1, 0, 0, 0, 1, 0, 1]],
    [2, [1, 2, 3, 2, 3, 0, 2, 2]],
    [4, [9, 11, 3, 10]],
    [8, [0b1011_1001, 0b1010_0011]],
  ])('with %i bits, the least significant come first', async (bits, statuses) => {
    const list = await readStatusList({ bits, lst }, 100)
    expect(statuses.map((_, index) => list.statusAt(index))).toEqual(statuses)
    expect(list.statusAt(statuses.length)).toBeUndefined()
  })

  it.each<[string, unknown]>([
    ['raw DEFLATE', base64url(deflateRawSync(bytes))],
    ['gzip', base64url(gzipSync(bytes))],
    ['cut', base64url(deflateSync(Buffer.alloc(5_000, 'abc')).subarray(0, 15))],
    ['with a wrong checksum', base64url(Buffer.concat([deflateSync(bytes).subarray(0, -1), Buffer.from([0])]))],
    ['padded', `${lst}=`],
    ['with white space', `${lst}\n`],
    ['in base64', deflateSync(Buffer.from([255, 239, 190, 251])).toString('base64')],
    ['empty', ''],
    ['bytes', bytes],
  ])('what is %s is no list', async (_, packed) => {
    await expect(readStatusList({ bits: 1, lst: packed }, 100_000)).rejects.toThrow(StatusListError)
  })

  it.each([0, 3, 5, 16, -1, 1.5, '1', null, undefined])('%s is no number of bits', async (bits) => {
    await expect(readStatusList({ bits, lst }, 100)).rejects.toThrow(StatusListError)
  })

  it.each([undefined, null, 'list', 5])('%s is no list', async (value) => {
    await expect(readStatusList(value, 100)).rejects.toThrow(StatusListError)
  })
})

describe('R-TSL-6', () => {
  it('a list that unpacks to more than its bound is not unpacked', async () => {
    const zeros = base64url(deflateSync(Buffer.alloc(50_000_000)))
    expect(zeros.length).toBeLessThan(100_000)
    await expect(readStatusList({ bits: 1, lst: zeros }, 1_000_000)).rejects.toThrow('larger than 1000000 bytes')
  })
})
