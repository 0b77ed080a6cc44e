import { describe, expect, it } from 'vitest'
import { normalizeTargetUri } from './target-uri.js'

describe('R-9449-8: two spellings of one URI', () => {
  it.each([
    ['https://api.example.com/orders', 'https://api.example.com/orders'],
    ['HTTPS://API.Example.COM/orders', 'https://api.example.com/orders'],
    ['https://api.example.com:443/orders', 'https://api.example.com/orders'],
    ['http://api.example.com:80/orders', 'http://api.example.com/orders'],
    ['https://api.example.com:8443/orders', 'https://api.example.com:8443/orders'],
    ['https://api.example.com', 'https://api.example.com/'],
    ['https://api.example.com?a=b', 'https://api.example.com/'],
    ['https://api.example.com/orders?a=b#c', 'https://api.example.com/orders'],
    ['https://api.example.com/a/../orders/./', 'https://api.example.com/orders/'],
    ['https://api.example.com/%6frders%2f%c3%bc', 'https://api.example.com/orders%2F%C3%BC'],
    ['https://api.example.com/%7Eann', 'https://api.example.com/~ann'],
    ['http://[::1]:8080/', 'http://[::1]:8080/'],
  ])('%s is %s', (uri, normal) => {
    expect(normalizeTargetUri(uri)).toBe(normal)
    expect(normalizeTargetUri(normal)).toBe(normal)
  })
})

describe('R-9449-8: two resources', () => {
  it.each([
    ['https://api.example.com/r', 'https://api.example.com/r/'],
    ['https://api.example.com/r', 'http://api.example.com/r'],
    ['https://api.example.com/r', 'https://api.example.com:8443/r'],
    ['https://api.example.com/r', 'https://api.example.com/R'],
    ['https://api.example.com/a/b', 'https://api.example.com/a%2Fb'],
    ['https://api.example.com/a/b', 'https://api.example.com/a//b'],
    ['https://api.example.com/r', 'https://api.example.com./r'],
  ])('%s is not %s', (one, other) => {
    expect(normalizeTargetUri(one)).not.toBe(normalizeTargetUri(other))
  })
})

describe('no target', () => {
  it.each([
    '',
    '/orders',
    'api.example.com/orders',
    '//api.example.com/orders',
    'https:/api.example.com/orders',
    'https:///orders',
    'https://',
    'ftp://api.example.com/orders',
    'javascript://api.example.com/',
    'https://ann@api.example.com/orders',
    'https://ann:secret@api.example.com/orders',
    'https://api.example.com/or ders',
    'https://api.example.com/or\nders',
    ' https://api.example.com/orders',
    'https://api.example.com\\orders',
    'https://api.example.com:99999/orders',
    'https://api.example.com/ü',
  ])('is %j', (uri) => {
    expect(normalizeTargetUri(uri)).toBeUndefined()
  })
})
