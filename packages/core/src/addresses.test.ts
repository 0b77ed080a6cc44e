import { describe, expect, it } from 'vitest'
import { createAddressRanges, parseAddress } from './addresses.js'
import { ConfigurationError } from './errors.js'

describe('parseAddress', () => {
  it.each([
    ['192.0.2.1', '192.0.2.1'],
    ['2001:db8::1', '2001:db8::1'],
    ['::1', '::1'],
    ['::ffff:192.0.2.1', '192.0.2.1'],
    ['::FFFF:192.0.2.1', '192.0.2.1'],
  ])('reads %s as %s', (text, address) => {
    expect(parseAddress(text)).toBe(address)
  })

  it.each([
    ...['', 'localhost', '192.0.2', '192.0.2.256', '192.0.2.01', ' 192.0.2.1', '192.0.2.1 ', '192.0.2.1:80'],
    ...['192.0.2.0/24', '[::1]', '::1%lo', 'fe80::1%eth0', '2001:db8::1::2', '::ffff:192.0.2.256', '0x7f.0.0.1'],
    ...['2130706433', undefined, null, 7, ['192.0.2.1'], {}],
  ])('reads nothing in %j', (text) => {
    expect(parseAddress(text)).toBeUndefined()
  })
})

describe('createAddressRanges', () => {
  it.each<[string, readonly string[], readonly string[]]>([
    ['10.20.0.0/16', ['10.20.0.0', '10.20.255.255'], ['10.19.255.255', '10.21.0.0', '::1']],
    ['10.20.30.40/16', ['10.20.0.0', '10.20.255.255'], ['10.21.0.0']],
    ['10.20.30.40', ['10.20.30.40'], ['10.20.30.39', '10.20.30.41']],
    ['10.20.30.40/32', ['10.20.30.40'], ['10.20.30.39', '10.20.30.41']],
    ['10.20.30.40/31', ['10.20.30.40', '10.20.30.41'], ['10.20.30.39', '10.20.30.42']],
    ['0.0.0.0/0', ['0.0.0.0', '255.255.255.255'], ['::1', '2001:db8::1']],
    ['128.0.0.0/1', ['128.0.0.0', '255.255.255.255'], ['127.255.255.255']],
    ['2001:db8::/32', ['2001:db8::', '2001:db8:ffff:ffff::'], ['2001:db7:ffff::', '2001:db9::', '10.20.0.0']],
    ['2001:db8::1', ['2001:db8::1'], ['2001:db8::', '2001:db8::2']],
    ['2001:db8::1/128', ['2001:db8::1', '2001:db8:0:0::1'], ['2001:db8::2']],
    ['::/0', ['::', 'ffff::'], []],
    ['192.0.2.0/24', ['::ffff:c000:201'], ['::ffff:c000:301']],
  ])('%s contains %j and not %j', (range, inside, outside) => {
    const contains = createAddressRanges([range], 'it')
    for (const address of inside) expect(contains(address), address).toBe(true)
    for (const address of outside) expect(contains(address), address).toBe(false)
  })

  it('contains what one of several contains, of both families', () => {
    const contains = createAddressRanges(['10.0.0.0/8', '2001:db8::/32'], 'it')
    expect(['10.1.2.3', '2001:db8::1', '11.0.0.0', '2001:db9::'].map(contains)).toEqual([true, true, false, false])
  })

  it('contains nothing where there are none', () => {
    expect(createAddressRanges([], 'it')('127.0.0.1')).toBe(false)
  })

  it.each([
    ...['', 'localhost', '10.0.0.0/33', '10.0.0.0/-1', '10.0.0.0/', '10.0.0.0/8/8', '10.0.0.0/8.0', '10.0.0.0/x'],
    ...['10.0.0.0/255.0.0.0', '10.0.0.0/1e1', '10.0.0.0/0008', '10.0.0/8', '10.0.0.256/8', ' 10.0.0.0/8', '/8'],
    ...['2001:db8::/129', '2001:db8::/', 'fe80::1%eth0', 'fe80::%eth0/64', '[::1]', '*', undefined, null, 7, ['::1']],
  ])('refuses %j', (range) => {
    const build = () => createAddressRanges(['10.0.0.0/8', range as string], 'req.ipIn()')
    expect(build).toThrow(ConfigurationError)
    expect(build).toThrow(`req.ipIn() takes addresses and ranges such as '10.20.0.0/16', not ${JSON.stringify(range)}`)
  })
})
