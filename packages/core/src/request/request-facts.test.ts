import { describe, expect, it } from 'vitest'
import { createAddressRanges } from '../addresses.js'
import { ObservedRequest } from './request-facts.js'
import type { VerifiableRequest } from './verifiable-request.js'

const proxies = ['10.0.0.0/8', '2001:db8:1::/48']

/** @param trusted - `undefined` where nobody has said which proxies stand before us */
function clientOf(request: Partial<VerifiableRequest>, trusted: readonly string[] | undefined = proxies) {
  const ranges = trusted && createAddressRanges(trusted, 'it')
  return new ObservedRequest({ headers: {}, ...request }, ranges).clientAddress
}

const from = (remoteAddress: string, ...forwarded: string[]) => ({
  remoteAddress,
  headers: forwarded.length === 0 ? {} : { 'x-forwarded-for': forwarded.join(', ') },
})

describe("the client's address", () => {
  it('is not known where nobody has said which proxies to trust', () => {
    const request = { headers: {}, remoteAddress: '192.0.2.1' }
    expect(new ObservedRequest(request, undefined).clientAddress).toBeUndefined()
  })

  it('is that of the connection where no proxy is trusted, whatever the request says', () => {
    expect(clientOf(from('192.0.2.1'), [])).toBe('192.0.2.1')
    expect(clientOf(from('192.0.2.1', '198.51.100.7'), [])).toBe('192.0.2.1')
    expect(clientOf(from('10.0.0.1', '198.51.100.7'), [])).toBe('10.0.0.1')
  })

  it('is that of the connection where that is no trusted proxy', () => {
    expect(clientOf(from('192.0.2.1', '198.51.100.7'))).toBe('192.0.2.1')
  })

  it.each<[string, string[], string | undefined]>([
    ['what one proxy has seen', ['198.51.100.7'], '198.51.100.7'],
    ['what the farther of two proxies has seen', ['198.51.100.7', '10.0.0.2'], '198.51.100.7'],
    ['what the farthest of three has seen', ['198.51.100.7', '10.0.0.3', '10.0.0.2'], '198.51.100.7'],
    ['the nearest stranger, whatever it claims', ['10.9.9.9', '127.0.0.1', '198.51.100.7'], '198.51.100.7'],
    ['the nearest stranger behind two', ['10.9.9.9', '198.51.100.7', '10.0.0.2'], '198.51.100.7'],
    ['the first proxy, where there are only proxies', ['10.0.0.3', '10.0.0.2'], '10.0.0.3'],
    ['the proxy itself, where it says nothing', [], '10.0.0.1'],
    ['of the sixth version', ['2001:db8:2::7'], '2001:db8:2::7'],
    ['behind a proxy of the sixth version', ['198.51.100.7', '2001:db8:1::2'], '198.51.100.7'],
    ['an address that is mapped into the sixth version', ['::ffff:198.51.100.7'], '198.51.100.7'],
    ['what a mapped proxy has seen', ['198.51.100.7', '::ffff:10.0.0.2'], '198.51.100.7'],
    ['an address with a port', ['198.51.100.7:4711'], '198.51.100.7'],
    ['an address in brackets', ['[2001:db8:2::7]'], '2001:db8:2::7'],
    ['an address in brackets with a port', ['[2001:db8:2::7]:4711'], '2001:db8:2::7'],
    ['what a proxy with a port has seen', ['198.51.100.7', '10.0.0.2:4711'], '198.51.100.7'],
    ['an address with spaces around', ['  198.51.100.7 '], '198.51.100.7'],
    ['the nearest, where one farther off makes no sense', ['nonsense', '198.51.100.7'], '198.51.100.7'],
    ['nothing, where the entry makes no sense', ['198.51.100.7', 'nonsense'], undefined],
    ['nothing, where an entry behind a proxy makes no sense', ['198.51.100.7', 'unknown', '10.0.0.2'], undefined],
    ['nothing, where the entry is empty', [''], undefined],
    ['nothing, where the last entry is empty', ['198.51.100.7', ''], undefined],
    ['nothing for a name', ['localhost'], undefined],
    ['nothing for an address with a zone', ['fe80::1%eth0'], undefined],
    ['nothing for an open bracket', ['[2001:db8:2::7'], undefined],
    ['nothing for a port that is none', ['198.51.100.7:http'], undefined],
    ['nothing for what follows brackets', ['[2001:db8:2::7]x'], undefined],
    ['nothing for a range', ['198.51.100.0/24'], undefined],
  ])('is %s', (_, forwarded, address) => {
    expect(clientOf(from('10.0.0.1', ...forwarded))).toBe(address)
  })

  it('is read off a connection that maps it into the sixth version', () => {
    expect(clientOf(from('::ffff:192.0.2.1'))).toBe('192.0.2.1')
    expect(clientOf(from('::ffff:10.0.0.1', '198.51.100.7'))).toBe('198.51.100.7')
  })

  it.each([undefined, '', 'nonsense', '/run/socket'])('is not known for a connection from %j', (remoteAddress) => {
    expect(clientOf({ remoteAddress, headers: { 'x-forwarded-for': '198.51.100.7' } })).toBeUndefined()
    expect(clientOf({ remoteAddress, headers: { 'x-forwarded-for': '198.51.100.7' } }, [])).toBeUndefined()
  })

  it('is read off the socket of a server that shows it nowhere else', () => {
    const socket = { remoteAddress: '192.0.2.1' }
    expect(clientOf({ socket })).toBe('192.0.2.1')
    expect(clientOf({ socket, remoteAddress: '192.0.2.2' })).toBe('192.0.2.2')
    expect(clientOf({ socket: {} })).toBeUndefined()
  })

  it('reads several lines of the header as one, the last of them the nearest', () => {
    const remoteAddress = '10.0.0.1'
    const lines = ['127.0.0.1, 198.51.100.7', '10.0.0.2']
    const rawHeaders = ['X-Forwarded-For', lines[0] as string, 'x-forwarded-for', lines[1] as string]
    const joined = { 'x-forwarded-for': lines.join(', ') }
    expect(clientOf({ remoteAddress, headers: joined, rawHeaders })).toBe('198.51.100.7')
    expect(clientOf({ remoteAddress, headers: joined })).toBe('198.51.100.7')
    expect(clientOf({ remoteAddress, headers: { 'X-Forwarded-For': lines } })).toBe('198.51.100.7')
    expect(clientOf({ remoteAddress, headers: new Headers(joined) })).toBe('198.51.100.7')
  })
})

describe('a header', () => {
  const header = (request: VerifiableRequest) => new ObservedRequest(request, undefined).header('x-tenant')

  it('is known where it came once', () => {
    expect(header({ headers: { 'X-Tenant': 'a' } })).toBe('a')
    expect(header({ headers: { 'x-tenant': 'a' }, rawHeaders: ['X-Tenant', 'a'] })).toBe('a')
    expect(header({ headers: new Headers({ 'X-Tenant': 'a' }) })).toBe('a')
    expect(header({ headers: { 'x-tenant': ['a'] } })).toBe('a')
  })

  it('is not known where it came twice, be it with one value', () => {
    expect(header({ headers: { 'x-tenant': ['a', 'b'] } })).toBeUndefined()
    expect(header({ headers: { 'x-tenant': 'a', 'X-Tenant': 'b' } })).toBeUndefined()
    expect(header({ headers: { 'x-tenant': 'a, b' }, rawHeaders: ['X-Tenant', 'a', 'x-tenant', 'b'] })).toBeUndefined()
    expect(header({ headers: { 'x-tenant': 'a, a' }, rawHeaders: ['X-Tenant', 'a', 'x-tenant', 'a'] })).toBeUndefined()
  })

  it('is not known where somebody has changed it on the way', () => {
    expect(header({ headers: { 'x-tenant': 'b' }, rawHeaders: ['X-Tenant', 'a'] })).toBeUndefined()
  })

  it('is not known where it did not come', () => {
    expect(header({ headers: { 'x-tenants': 'a' } })).toBeUndefined()
    expect(header({ headers: new Headers() })).toBeUndefined()
  })
})

describe('the rest of a request', () => {
  it('shows its method and the parameters of its route', () => {
    const params = { id: 'a' }
    const facts = new ObservedRequest({ headers: {}, method: 'GET', params }, undefined)
    expect(facts.method).toBe('GET')
    expect(facts.params).toBe(params)
  })

  it('has no parameters and no method where the server shows none', () => {
    const facts = new ObservedRequest({ headers: {} }, undefined)
    expect(facts.params).toEqual({})
    expect(Object.isFrozen(facts.params)).toBe(true)
    expect(facts.method).toBeUndefined()
  })

  it('has proven nothing about who holds the token', () => {
    expect(new ObservedRequest({ headers: {} }, undefined).binding).toBeUndefined()
  })
})
