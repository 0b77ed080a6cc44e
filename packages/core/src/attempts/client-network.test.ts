import { describe, expect, it } from 'vitest'
import { clientNetwork } from './client-network.js'

describe('RFC 6177', () => {
  it.each([
    ['2001:db8:0:1::1', '2001:db8:0:1::/64'],
    ['2001:db8:0:1:ffff:ffff:ffff:ffff', '2001:db8:0:1::/64'],
    ['2001:DB8:0000:0001::1', '2001:db8:0:1::/64'],
    ['2001:db8:0:2::1', '2001:db8:0:2::/64'],
    ['2001:db8::1', '2001:db8:0:0::/64'],
    ['2001:db8:1:2:3:4:192.0.2.1', '2001:db8:1:2::/64'],
    ['::1', '0:0:0:0::/64'],
    ['::', '0:0:0:0::/64'],
  ])('%s is one of %s', (address, network) => {
    expect(clientNetwork(address)).toBe(network)
  })
})

describe('RFC 4291 §2.5.5.2', () => {
  it.each([
    ['192.0.2.1', '192.0.2.1'],
    ['192.0.2.2', '192.0.2.2'],
    ['::ffff:192.0.2.1', '192.0.2.1'],
    ['::ffff:c000:201', '192.0.2.1'],
    ['0:0:0:0:0:FFFF:c000:202', '192.0.2.2'],
  ])('%s is the IPv4 address %s, all of it', (address, network) => {
    expect(clientNetwork(address)).toBe(network)
  })
})
