// Whom an address stands for when failures are counted: an IPv4 address for itself, an IPv6 address for its /64, because who
// has one of those has all of them (RFC 6177, RFC 4291 §2.5.4).
import { isIPv6 } from 'node:net'

const groups = 8
const networkGroups = 4

/**
 * The network of a client, in one spelling.
 *
 * @param address - as `parseAddress` answers it
 */
export function clientNetwork(address: string): string {
  if (!isIPv6(address)) return address
  const all = expand(address)
  const [high, low] = all.slice(-2).map((group) => Number.parseInt(group, 16)) as [number, number]
  if (all.slice(0, -2).join(':') === '0:0:0:0:0:ffff') return [high >> 8, high & 255, low >> 8, low & 255].join('.') // §2.5.5.2
  return `${all.slice(0, networkGroups).join(':')}::/64`
}

/** All eight groups, as RFC 5952 §4 writes each: lower case, no zeros in front. */
function expand(address: string): string[] {
  const { hostname } = new URL(`http://[${address}]`)
  const [head = [], tail = []] = hostname
    .slice(1, -1)
    .split('::')
    .map((part) => (part === '' ? [] : part.split(':')))
  return [...head, ...Array<string>(groups - head.length - tail.length).fill('0'), ...tail]
}
