import { IncomingMessage } from 'node:http'
import { Socket } from 'node:net'
import { describe, expect, it } from 'vitest'
import { type CredentialSource, extractCredential } from './extract-credential.js'
import type { VerifiableRequest } from './verifiable-request.js'

const places = { sources: ['authorization'], speaksDpop: false } as const

function tokenOf(request: Partial<VerifiableRequest>, ...sources: CredentialSource[]): string | undefined {
  const from = sources.length === 0 ? (['authorization'] as const) : sources
  return extractCredential({ headers: {}, ...request }, { sources: from, speaksDpop: false })?.unverifiedToken
}

const authorization = (line: string): VerifiableRequest => ({ headers: { authorization: line } })
const refused = (code: string) => expect.objectContaining({ code, message: expect.stringMatching(/^[a-z].+[^.]$/) })

describe('RFC 6750 §2.1: Authorization: Bearer', () => {
  it.each(['Bearer a.b.c', 'bearer a.b.c', 'BEARER a.b.c', 'Bearer   a.b.c'])('finds the token of %j', (line) => {
    expect(tokenOf(authorization(line))).toBe('a.b.c')
  })

  it('takes every character of a token68, and padding at its end', () => {
    expect(tokenOf(authorization('Bearer aZ09-._~+/=='))).toBe('aZ09-._~+/==')
  })

  it.each([
    'Bearer',
    'Bearer ',
    'Bearer a b',
    'Bearer a,b',
    'Bearer "a"',
    'Bearer a=b',
    'Bearer =',
    'Bearer \ta',
    'Bearer a\n',
    'Bearer a\nb',
    'Bearer ä',
    'Bearer a, Bearer b',
    'Bearer token=a',
  ])('refuses %j', (line) => {
    expect(() => tokenOf(authorization(line))).toThrow(refused('credential_malformed'))
  })

  it.each(['Basic YTpi', 'DPoP a.b.c', 'Bearera.b.c', 'Bearer\ta.b.c', 'xBearer a.b.c', 'a.b.c', '', ' Bearer a'])(
    'does not speak %j',
    (line) => {
      expect(() => tokenOf(authorization(line))).toThrow(refused('credential_missing'))
    },
  )

  it('finds nothing where there is no such header', () => {
    expect(tokenOf({})).toBeUndefined()
    expect(tokenOf({ headers: { 'x-authorization': 'Bearer a' } })).toBeUndefined()
  })
})

describe('RFC 6750 §2: one method a request', () => {
  const request = authorization('Bearer a')
  const form = { 'content-type': 'application/x-www-form-urlencoded; charset=utf-8' }

  it('refuses two Authorization lines, of which Node hides the second', () => {
    const rawHeaders = ['Authorization', 'Bearer a', 'Authorization', 'Bearer a']
    expect(() => tokenOf({ ...request, rawHeaders })).toThrow(refused('credential_ambiguous'))
    expect(tokenOf({ ...request, rawHeaders: rawHeaders.slice(2) })).toBe('a')
  })

  it('refuses two lines also where the other one is of another scheme', () => {
    const rawHeaders = ['Authorization', 'Basic YTpi', 'Authorization', 'Bearer a']
    expect(() => tokenOf({ headers: {}, rawHeaders })).toThrow(refused('credential_ambiguous'))
  })

  it('refuses a token in the query beside the header', () => {
    expect(() => tokenOf({ ...request, url: '/orders?access_token=b' })).toThrow(refused('credential_ambiguous'))
    expect(() => tokenOf({ ...request, url: 'https://h/o?x=1&access_token=' })).toThrow(refused('credential_ambiguous'))
    expect(() => tokenOf({ ...request, url: '/o?x=?&access_token=b#f' })).toThrow(refused('credential_ambiguous'))
  })

  it('sees a token in the query whose name is percent-encoded', () => {
    expect(() => tokenOf({ ...request, url: '/orders?access%5Ftoken=b' })).toThrow(refused('credential_ambiguous'))
  })

  it.each(['/access_token', '/o?my_access_token=b', '/o?x=access_token', '/o#?access_token=b', '/o', undefined])(
    'sees no token in %j',
    (url) => {
      expect(tokenOf({ ...request, url })).toBe('a')
    },
  )

  it('refuses a token in a form beside the header', () => {
    for (const type of Object.values(form)) {
      const headers = { ...request.headers, 'content-type': type }
      expect(() => tokenOf({ headers, body: { access_token: 'b' } })).toThrow(refused('credential_ambiguous'))
      const nullPrototype = Object.assign(Object.create(null), { access_token: 'b' })
      expect(() => tokenOf({ headers, body: nullPrototype })).toThrow(refused('credential_ambiguous'))
    }
  })

  it('takes access_token of a body that is no form for data', () => {
    for (const type of ['application/json', 'multipart/form-data', 'application/x-www-form-urlencodedx', undefined]) {
      const headers = { ...request.headers, 'content-type': type }
      expect(tokenOf({ headers, body: { access_token: 'b' } })).toBe('a')
    }
  })

  it.each([{}, { token: 'b' }, Object.create({ access_token: 'b' }), null, undefined, 'access_token=b', 7])(
    'sees no token in the form %j',
    (body) => {
      expect(tokenOf({ headers: { ...request.headers, ...form }, body })).toBe('a')
    },
  )

  it('refuses two sources that both have one', () => {
    const headers = { ...request.headers, 'x-token': 'a' }
    expect(() => tokenOf({ headers }, 'authorization', { header: 'X-Token' })).toThrow(refused('credential_ambiguous'))
    expect(() => tokenOf({ headers }, { header: 'X-Token' }, 'authorization')).toThrow(refused('credential_ambiguous'))
    expect(tokenOf(request, 'authorization', { header: 'X-Token' })).toBe('a')
  })

  it.each<[string, CredentialSource]>([
    ['/', { cookie: 'session' }],
    ['/?access_token=b', { dangerouslyAllowQuery: 'access_token' }],
  ])('refuses an Authorization header beside a token at %s %j', (url, source) => {
    const headers = { ...request.headers, cookie: 'session=b' }
    expect(() => tokenOf({ headers, url }, source)).toThrow(refused('credential_ambiguous'))
  })
})

describe('a request as Node hands it out', () => {
  const content = ['Content-Type', 'application/x-www-form-urlencoded']
  const request = (body?: object): VerifiableRequest =>
    Object.assign(new IncomingMessage(new Socket()), { rawHeaders: ['Authorization', 'Bearer a', ...content], body })

  // A copy of the request by `...` leaves out what its prototype answers.
  it('is read as it is, though its headers are no members of its own', () => {
    expect(extractCredential(request(), places)?.unverifiedToken).toBe('a')
    expect(() => extractCredential(request({ access_token: 'b' }), places)).toThrow(refused('credential_ambiguous'))
  })
})
