import { describe, expect, it } from 'vitest'
import { createAddressRanges } from '../addresses.js'
import { ConfigurationError } from '../errors.js'
import { judgePublicUrl, type PublicUrl, publicUris } from './public-url.js'
import type { VerifiableRequest } from './verifiable-request.js'

const proxies = createAddressRanges(['10.0.0.0/8'], 'it')

function urisOf(url: string | undefined, publicUrl: PublicUrl, request: Partial<VerifiableRequest> = {}) {
  return publicUris({ headers: {}, url, ...request }, judgePublicUrl(publicUrl, proxies), proxies)
}

describe('where we are reached', () => {
  it.each<[string | undefined, PublicUrl, string[]]>([
    ['/orders', 'https://api.example.com', ['https://api.example.com/orders']],
    ['/orders?a=b', 'https://api.example.com/', ['https://api.example.com/orders']],
    ['/orders#a', 'https://API.example.com:443', ['https://api.example.com/orders']],
    ['/orders', 'https://api.example.com/v1', ['https://api.example.com/v1/orders']],
    ['/orders', 'https://api.example.com/v1/', ['https://api.example.com/v1/orders']],
    ['/', ['https://a.example', 'http://b.example:81'], ['https://a.example/', 'http://b.example:81/']],
    ['http://evil.example/orders?a', 'https://api.example.com', ['https://api.example.com/orders']],
    ['http://evil.example', 'https://api.example.com', ['https://api.example.com']],
    ['//evil.example/orders', 'https://api.example.com', ['https://api.example.com//evil.example/orders']],
    ['*', 'https://api.example.com', []],
    ['orders', 'https://api.example.com', []],
    [undefined, 'https://api.example.com', []],
  ])('is for the target %j and %j: %j', (url, publicUrl, uris) => {
    expect(urisOf(url, publicUrl, { headers: { host: 'evil.example' } })).toEqual(uris)
  })

  it.each([
    'api.example.com',
    'ftp://api.example.com',
    'https://api.example.com?a=b',
    'https://api.example.com#a',
    'https://ann@api.example.com',
    '',
    [],
    7,
    null,
    [undefined],
  ])('cannot be %j', (publicUrl) => {
    expect(() => judgePublicUrl(publicUrl as PublicUrl, proxies)).toThrow(ConfigurationError)
  })

  it('cannot be told by proxies that nobody trusts', () => {
    expect(() => judgePublicUrl('forwarded', undefined)).toThrow('`trustedProxies`')
  })
})

describe('what a proxy tells', () => {
  const headers = { 'x-forwarded-proto': 'https', 'x-forwarded-host': 'api.example.com' }
  const told = (lines: object, remoteAddress: string | undefined = '10.0.0.1') =>
    urisOf('/orders', 'forwarded', { headers: { ...headers, host: 'evil.example', ...lines }, remoteAddress })

  it('is believed where the proxy is trusted', () => {
    expect(told({})).toEqual(['https://api.example.com/orders'])
    expect(told({ 'x-forwarded-host': 'api.example.com:8443' })).toEqual(['https://api.example.com:8443/orders'])
  })

  it('R-9700-3: is not believed from anybody else', () => {
    expect(told({}, '192.0.2.1')).toEqual([])
    expect(urisOf('/orders', 'forwarded', { headers })).toEqual([])
  })

  it('is what the nearest of several says', () => {
    expect(told({ 'x-forwarded-host': 'evil.example, api.example.com' })).toEqual(['https://api.example.com/orders'])
    expect(told({ 'x-forwarded-proto': 'http,https' })).toEqual(['https://api.example.com/orders'])
  })

  it.each([
    { 'x-forwarded-host': undefined },
    { 'x-forwarded-proto': undefined },
    { 'x-forwarded-proto': 'ftp' },
    { 'x-forwarded-proto': '' },
    { 'x-forwarded-host': 'api.example.com/evil' },
    { 'x-forwarded-host': 'ann@api.example.com' },
    { 'x-forwarded-host': '' },
  ])('is nothing where it is %j', (lines) => {
    expect(told(lines)).toEqual([])
  })
})
