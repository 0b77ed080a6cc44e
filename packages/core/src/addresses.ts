// Addresses of clients, and ranges of them in CIDR notation (RFC 4632, RFC 4291 §2.3). A word that requests, options and
// policies share.
import { BlockList, isIP } from 'node:net'
import { ConfigurationError } from './errors.js'

/** Whether an address, as {@link parseAddress} answers it, lies in one of some ranges. */
export type AddressRanges = (address: string) => boolean

/** An address without brackets and zone; an IPv4 address mapped into IPv6 is the IPv4 address (RFC 4291 §2.5.5.2). */
export function parseAddress(text: unknown): string | undefined {
  if (typeof text !== 'string') return undefined
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(text)?.[1] ?? text
  return isIP(mapped) === 0 || mapped.includes('%') ? undefined : mapped
}

/**
 * Builds the ranges.
 *
 * @param ranges - addresses or CIDR ranges
 * @throws ConfigurationError
 */
export function createAddressRanges(ranges: readonly string[], what: string): AddressRanges {
  const list = new BlockList()
  for (const range of ranges) {
    const [address, prefix, ...more] = typeof range === 'string' ? range.split('/') : []
    const family = isIP(address ?? '')
    const bits = prefix === undefined ? (family === 6 ? 128 : 32) : /^\d{1,3}$/.test(prefix) ? Number(prefix) : -1
    if (family === 0 || bits < 0 || bits > (family === 6 ? 128 : 32) || more.length > 0 || address?.includes('%')) {
      throw new ConfigurationError(
        `${what} takes addresses and ranges such as '10.20.0.0/16', not ${JSON.stringify(range)}`,
      )
    }
    list.addSubnet(address as string, bits, family === 6 ? 'ipv6' : 'ipv4')
  }
  return (address) => list.check(address, isIP(address) === 6 ? 'ipv6' : 'ipv4')
}
