// Where ranges of addresses begin and end: one address on either side of each edge is all that ranges can tell apart.
import { isIP } from 'node:net'

/** The first address of each range, the first one behind it, and one of each family. */
export function addressEdges(ranges: readonly string[]): readonly string[] {
  return [...ranges.flatMap(edgesOf), '192.0.2.77', '2001:db8:77::77', '0.0.0.0', '::']
}

function edgesOf(range: string): readonly string[] {
  const [address = '', prefix] = range.split('/')
  const bits = isIP(address) === 6 ? 128 : 32
  const size = 1n << BigInt(bits - Number(prefix ?? bits))
  const first = (toNumber(address) / size) * size
  const behind = first + size
  return behind === 1n << BigInt(bits) ? [toAddress(first, bits)] : [toAddress(first, bits), toAddress(behind, bits)]
}

function toNumber(address: string): bigint {
  if (isIP(address) === 4) return address.split('.').reduce((sum, byte) => sum * 256n + BigInt(byte), 0n)
  const dotted = /\d+\.\d+\.\d+\.\d+$/.exec(address)?.[0]
  const low = dotted === undefined ? 0n : toNumber(dotted)
  const text =
    dotted === undefined
      ? address
      : address.replace(dotted, `${(low >> 16n).toString(16)}:${(low & 0xffffn).toString(16)}`)
  const [head = [], tail = []] = text.split('::').map((half) => half.split(':').filter((group) => group !== ''))
  const groups = [...head, ...Array<string>(8 - head.length - tail.length).fill('0'), ...tail]
  return groups.reduce((sum, group) => sum * 65_536n + BigInt(`0x${group}`), 0n)
}

function toAddress(number: bigint, bits: number): string {
  const size = bits === 32 ? 8n : 16n
  const groups = Array.from(
    { length: bits === 32 ? 4 : 8 },
    (_, index) => (number >> (size * BigInt(index))) & ((1n << size) - 1n),
  )
  return groups
    .reverse()
    .map((group) => group.toString(bits === 32 ? 10 : 16))
    .join(bits === 32 ? '.' : ':')
}
