import { describe, expect, it } from 'vitest'
import { parseSpiffeId } from './spiffe-id.js'

describe('R-SPID-1: a SPIFFE ID', () => {
  it.each([
    ['spiffe://prod.example', 'prod.example', ''],
    ['spiffe://prod.example/orders', 'prod.example', '/orders'],
    ['spiffe://prod.example/ns/Default/sa/orders_v1.2', 'prod.example', '/ns/Default/sa/orders_v1.2'],
    ['spiffe://a_b-c.9/...', 'a_b-c.9', '/...'],
    ['spiffe://10.0.0.1/.a/a./..a', '10.0.0.1', '/.a/a./..a'],
  ])('%s is taken apart', (text, trustDomain, path) => {
    expect(parseSpiffeId(text)).toEqual({ trustDomain, path })
  })

  it.each([
    ['nothing', ''],
    ['another scheme', 'https://prod.example/orders'],
    ['a scheme in capitals', 'SPIFFE://prod.example/orders'],
    ['no slashes', 'spiffe:prod.example/orders'],
    ['no trust domain', 'spiffe:///orders'],
    ['a trust domain in capitals', 'spiffe://Prod.example/orders'],
    ['a trust domain of other letters', 'spiffe://pröd.example/orders'],
    ['userinfo', 'spiffe://ann@prod.example/orders'],
    ['a port', 'spiffe://prod.example:443/orders'],
    ['a query', 'spiffe://prod.example/orders?a=b'],
    ['a fragment', 'spiffe://prod.example/orders#a'],
    ['percent-encoding in the path', 'spiffe://prod.example/or%64ers'],
    ['percent-encoding in the trust domain', 'spiffe://pr%6fd.example/orders'],
    ['a slash at the end', 'spiffe://prod.example/orders/'],
    ['a path that is a slash', 'spiffe://prod.example/'],
    ['an empty segment', 'spiffe://prod.example/ns//orders'],
    ['a segment that stays', 'spiffe://prod.example/./orders'],
    ['a segment that climbs', 'spiffe://prod.example/ns/../orders'],
    ['a segment that climbs at the end', 'spiffe://prod.example/ns/..'],
    ['other characters', 'spiffe://prod.example/a*b'],
    ['a space before it', ' spiffe://prod.example/orders'],
    ['a line end after it', 'spiffe://prod.example/orders\n'],
    ['a zero byte', 'spiffe://prod.example/orders\0'],
  ])('has no reading with %s', (_, text) => {
    expect(parseSpiffeId(text)).toBeUndefined()
  })

  it('has a trust domain of up to 255 characters', () => {
    expect(parseSpiffeId(`spiffe://${'a'.repeat(255)}/b`)).toBeDefined()
    expect(parseSpiffeId(`spiffe://${'a'.repeat(256)}/b`)).toBeUndefined()
  })

  it('has up to 2,048 bytes', () => {
    const start = 'spiffe://prod.example/'
    expect(parseSpiffeId(start.padEnd(2_048, 'a'))).toBeDefined()
    expect(parseSpiffeId(start.padEnd(2_049, 'a'))).toBeUndefined()
  })
})
