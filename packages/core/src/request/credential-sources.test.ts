import { describe, expect, it } from 'vitest'
import { type CredentialSource, extractCredential } from './extract-credential.js'
import type { VerifiableRequest } from './verifiable-request.js'

function tokenOf(source: CredentialSource, request: Partial<VerifiableRequest>): string | undefined {
  return extractCredential({ headers: {}, ...request }, { sources: [source], speaksDpop: false })?.unverifiedToken
}

const refused = (code: string) => expect.objectContaining({ code, message: expect.stringMatching(/^[a-z].+[^.]$/) })

describe('by default', () => {
  it.each<[string, Partial<VerifiableRequest>]>([
    ['the query', { url: '/?access_token=a' }],
    ['a cookie', { headers: { cookie: 'access_token=a' } }],
    ['a form', { headers: { 'content-type': 'application/x-www-form-urlencoded' }, body: { access_token: 'a' } }],
    ['a WebSocket subprotocol', { headers: { 'sec-websocket-protocol': 'access_token, a' } }],
    ['a header of a proxy', { headers: { 'x-forwarded-access-token': 'a', 'x-auth-request-access-token': 'a' } }],
  ])('no token is read from %s', (_, request) => {
    expect(tokenOf('authorization', request)).toBeUndefined()
  })
})

describe('a cookie', () => {
  const source = { cookie: 'session' }

  it.each([
    ['session=a', 'a'],
    ['other=x; session=a; more=y', 'a'],
    ['other=x;session=a', 'a'],
    ['session="a"', 'a'],
    ['session = a', 'a'],
    ['session=a==', 'a=='],
  ])('is found in %j', (cookie, token) => {
    expect(tokenOf(source, { headers: { cookie } })).toBe(token)
  })

  it.each(['other=a', 'Session=a', 'xsession=a', 'session', 'session2=a', ''])('is not found in %j', (cookie) => {
    expect(tokenOf(source, { headers: { cookie } })).toBeUndefined()
  })

  it.each(['session=', 'session=a b', 'session="', 'session=%61'])('is malformed in %j', (cookie) => {
    expect(() => tokenOf(source, { headers: { cookie } })).toThrow(refused('credential_malformed'))
  })

  it('is refused when it comes twice, where a library would show the first', () => {
    expect(() => tokenOf(source, { headers: { cookie: 'session=a; session=b' } })).toThrow(
      refused('credential_ambiguous'),
    )
    const rawHeaders = ['Cookie', 'session=a', 'Cookie', 'session=b']
    const request = { headers: { cookie: 'session=a; session=b' }, rawHeaders }
    expect(() => tokenOf(source, request)).toThrow(refused('credential_ambiguous'))
  })

  it('is found in one of two Cookie lines', () => {
    const rawHeaders = ['Cookie', 'other=x', 'Cookie', 'session=a']
    expect(tokenOf(source, { headers: { cookie: 'other=x; session=a' }, rawHeaders })).toBe('a')
  })
})

describe('a header', () => {
  const source = { header: 'X-Token' }

  it('holds nothing but the token', () => {
    expect(tokenOf(source, { headers: { 'x-token': 'a' } })).toBe('a')
    expect(tokenOf(source, {})).toBeUndefined()
    expect(() => tokenOf(source, { headers: { 'x-token': 'Bearer a' } })).toThrow(refused('credential_malformed'))
  })

  it('is refused when it comes twice', () => {
    const rawHeaders = ['X-Token', 'a', 'X-Token', 'b']
    expect(() => tokenOf(source, { headers: { 'x-token': 'a, b' }, rawHeaders })).toThrow(
      refused('credential_ambiguous'),
    )
    expect(() => tokenOf(source, { headers: { 'x-token': 'a, b' } })).toThrow(refused('credential_malformed'))
  })
})

describe('RFC 6455 §11.3.4: a WebSocket subprotocol', () => {
  const source = { webSocketProtocol: 'access_token' }
  const protocols = (line: string) => ({ headers: { 'sec-websocket-protocol': line } })

  it.each(['access_token, a', 'access_token,a', 'graphql-ws, access_token, a'])(
    'is the item after the name in %j',
    (line) => {
      expect(tokenOf(source, protocols(line))).toBe('a')
    },
  )

  it('is found when each item has a line of its own', () => {
    expect(tokenOf(source, { headers: { 'sec-websocket-protocol': ['access_token', 'a'] } })).toBe('a')
  })

  it.each(['graphql-ws', 'a', ''])('is not found in %j', (line) => {
    expect(tokenOf(source, protocols(line))).toBeUndefined()
  })

  it('is malformed where nothing follows the name', () => {
    expect(() => tokenOf(source, protocols('graphql-ws, access_token'))).toThrow(refused('credential_malformed'))
  })

  it('is refused when the name comes twice', () => {
    expect(() => tokenOf(source, protocols('access_token, a, access_token, b'))).toThrow(
      refused('credential_ambiguous'),
    )
  })
})

describe('the query, where it is dangerously allowed', () => {
  const source = { dangerouslyAllowQuery: 'access_token' }

  it.each(['/?access_token=a', '/o?x=1&access_token=a&y=2', 'https://h/o?access_token=a#f', '/?x=?&access_token=a'])(
    'is read in %j',
    (url) => {
      expect(tokenOf(source, { url })).toBe('a')
    },
  )

  it.each(['/', '/access_token=a', '/#?access_token=a', '/?Access_Token=a', '/?', undefined])(
    'is not found in %j',
    (url) => {
      expect(tokenOf(source, { url })).toBeUndefined()
    },
  )

  it('is refused when it comes twice, and malformed when empty', () => {
    expect(() => tokenOf(source, { url: '/?access_token=a&access_token=a' })).toThrow(refused('credential_ambiguous'))
    expect(() => tokenOf(source, { url: '/?access_token=' })).toThrow(refused('credential_malformed'))
  })

  it('by another name still refuses one by the name of the RFC', () => {
    const url = '/?jwt=a&access_token=b'
    expect(() => tokenOf({ dangerouslyAllowQuery: 'jwt' }, { url })).toThrow(refused('credential_ambiguous'))
  })
})

describe('a function', () => {
  it('answers the bare token, out of the request that it is shown', () => {
    const source: CredentialSource = ({ url }) => url?.slice(1)
    expect(tokenOf(source, { url: '/a.b.c' })).toBe('a.b.c')
  })

  it('answers undefined where there is none', () => {
    expect(tokenOf(() => undefined, {})).toBeUndefined()
  })

  it.each([null, 7, {}, ['a'], '', 'Bearer a'])('is malformed when it answers %j', (answer) => {
    const source = (() => answer) as unknown as CredentialSource
    expect(() => tokenOf(source, {})).toThrow(refused('credential_malformed'))
  })
})
