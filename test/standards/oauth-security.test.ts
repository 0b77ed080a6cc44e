// The best current practice for OAuth (RFC 9700, BCP 240), as far as it is about this package.
import type { Denied } from '@sallyport/core'
import { describe, expect, it } from 'vitest'
import { createSigner, type Part, verifierFor } from '../fixtures/signer.js'

const signer = createSigner('ES256')
const token = signer.token()
const bearer = (payload: Part) => ({ headers: { authorization: `Bearer ${signer.token({}, payload)}` } })

async function answerTo(request: { readonly headers: Record<string, string | undefined> }) {
  const { status, headers } = (await verifierFor(signer).verify(request)) as Denied
  return { status, challenge: headers['WWW-Authenticate'] }
}

describe('R-9700: security of OAuth (BCP 240)', () => {
  it('R-9700-1 a token that is meant for another API is refused', async () => {
    expect(await answerTo(bearer({ aud: 'https://other.example.com' }))).toMatchObject({
      status: 401,
      challenge: expect.stringContaining('error="invalid_token"'),
    })
    expect(await answerTo(bearer({ aud: undefined }))).toMatchObject({ status: 401 })
  })

  it.each([{ jkt: 'x' }, { 'x5t#S256': 'x' }, { jwk: {} }])(
    'R-9700-2 a token that is bound to its sender by %j is refused to a bearer, until its proof can be checked',
    async (cnf) => {
      expect(await answerTo(bearer({ cnf }))).toMatchObject({ status: 401 })
    },
  )

  it.each([
    { 'x-forwarded-client-cert': 'By=spiffe://a;Hash=x;URI=spiffe://b' },
    { 'client-cert': ':MIIB:' },
    { 'x-ssl-client-verify': 'SUCCESS', 'x-ssl-client-cert': 'MIIB' },
    { 'x-forwarded-user': 'ann', 'x-auth-request-user': 'ann', 'x-remote-user': 'ann' },
    {
      'x-forwarded-access-token': token,
      'x-authorization': `Bearer ${token}`,
      'proxy-authorization': `Bearer ${token}`,
    },
    { forwarded: 'for=127.0.0.1;by=proxy', 'x-forwarded-for': '127.0.0.1' },
    { 'x-original-url': '/public', 'x-rewrite-url': '/public', 'x-http-method-override': 'OPTIONS' },
  ])('R-9700-3 no header of a proxy is believed: %j', async (headers) => {
    expect(await answerTo({ headers })).toMatchObject({ status: 401, challenge: 'Bearer realm="api"' })
    const bound = signer.token({}, { cnf: { 'x5t#S256': 'x' } })
    expect(await answerTo({ headers: { ...headers, authorization: `Bearer ${bound}` } })).toMatchObject({ status: 401 })
  })
})
