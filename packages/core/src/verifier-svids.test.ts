// JWT-SVIDs (SPIFFE JWT-SVID §3, §4): what one says, and whose keys prove it. A good one, spoiled in one place.
import { afterAll, describe, expect, it } from 'vitest'
import { noon } from '../../../test/fixtures/der-certificates.js'
import {
  answer,
  authority,
  claims,
  idp,
  key,
  orders,
  other,
  sibling,
  svid,
  verifierWith,
} from '../../../test/fixtures/jwt-svids.js'
import { authorityEntry, bundleOf } from '../../../test/fixtures/svids.js'
import { spiffe } from './policy/request-words.js'

afterAll(() => idp.close())

describe('a JWT-SVID', () => {
  it('is the workload that it names, of its trust domain', async () => {
    const request = { headers: { authorization: `Bearer ${await svid({ scope: 'admin', roles: ['admin'] })}` } }
    expect(await verifierWith().verify(request)).toMatchObject({
      allowed: true,
      auth: {
        workload: orders,
        subject: orders,
        issuer: 'spiffe://prod.example',
        claims,
        scopes: [],
        roles: [],
        binding: undefined,
      },
      validUntil: noon + 300,
    })
  })

  it('is one as a bare token, too', async () => {
    expect(await verifierWith().verifyToken(await svid())).toMatchObject({ workload: orders })
  })

  it('is none where nobody has said who we are', async () => {
    const trustDomains = [{ trustDomain: 'prod.example', bundle: bundleOf([authority], [key.publicJwk]) }]
    const verifier = verifierWith({ clientCertificate: 'tls', spiffe: { trustDomains } })
    expect(await answer(svid(), verifier)).toBe('claim_missing')
    expect(await answer(svid({ iss: 'https://other.example' }), verifier)).toBe('issuer_untrusted')
  })

  it('cannot say what is not true of it in time', async () => {
    expect(await answer(svid({ nbf: noon + 31 }))).toBe('token_not_active')
    expect(await answer(svid({ iat: noon + 31 }))).toBe('token_not_active')
    expect(await answer(svid({ nbf: noon + 30, iat: noon + 30 }))).toBe('passed')
  })
})

describe('the subject', () => {
  it.each<[string, unknown]>([
    ['no SPIFFE ID', 'orders'],
    ['one in capitals', 'SPIFFE://prod.example/orders'],
    ['one of a trust domain in capitals', 'spiffe://Prod.example/orders'],
    ['one without a path', 'spiffe://prod.example'],
    ['one with a slash at its end', `${orders}/`],
    ['one with dots', 'spiffe://prod.example/ns/../admin'],
    ['one with a query', `${orders}?a`],
    ['one of a trust domain that is not listed', 'spiffe://other.example/orders'],
    ['one of a name within', 'spiffe://sub.prod.example/orders'],
    ['missing', undefined],
    ['a list', [orders]],
    ['null', null],
  ])('R-JSVID-2: may not be %s', async (_, sub) => {
    expect(await answer(svid({ sub }))).toBe('claim_missing') // who does not name an issuer has to name a workload
    expect(await answer(svid({ sub, iss: 'https://other.example' }))).toBe('issuer_untrusted')
  })

  it('R-JSVID-2: is judged by the keys of its trust domain, and by no others', async () => {
    const sub = 'spiffe://test.example/orders'
    expect(await answer(svid({ sub }, {}, other))).toBe('passed')
    expect(await answer(svid({ sub }))).toBe('signature_invalid') // of the same key id
    expect(await answer(svid({}, {}, other))).toBe('signature_invalid')
    expect(await answer(svid({}, {}, sibling))).toBe('key_unknown')
    expect(await answer(svid({ sub, iss: 'spiffe://prod.example' }))).toBe('signature_invalid')
  })
})

describe('a key', () => {
  const { use: _use, ...bare } = key.publicJwk

  it.each<[string, object]>([
    ['for X.509-SVIDs', { ...bare, use: 'x509-svid', x5c: authorityEntry(authority).x5c }],
    ['for signatures', { ...bare, use: 'sig' }],
    ['for WIT-SVIDs', { ...bare, use: 'wit-svid' }],
    ['for nothing in particular', bare],
    ['in capitals', { ...bare, use: 'JWT-SVID' }],
  ])('R-JSVID-2: %s verifies nothing', async (_, entry) => {
    const bundle = { keys: [entry, { ...sibling.publicJwk, use: 'jwt-svid' }] }
    const trustDomains = [{ trustDomain: 'prod.example', bundle }]
    const verifier = verifierWith({ spiffe: { trustDomains, audience: 'https://orders.example.com' } })
    expect(await answer(svid(), verifier)).toBe('key_unknown')
    expect(await answer(svid({}, {}, sibling), verifier)).toBe('passed')
  })

  it('R-JSVID-2: of an issuer verifies nothing', async () => {
    expect(await answer(svid({}, { kid: 'key-9' }, idp.key))).toBe('key_unknown')
    expect(await answer(svid({}, {}, idp.key))).toBe('signature_invalid')
  })
})

describe('the audience', () => {
  it.each<[unknown]>([['https://orders.example.com'], ['orders'], [['x', 'orders']]])(
    'R-JSVID-2: may be %j',
    async (aud) => {
      expect(await answer(svid({ aud }))).toBe('passed')
    },
  )

  it.each<[unknown, string]>([
    [undefined, 'claim_missing'],
    ['https://other.example.com', 'audience_mismatch'],
    ['https://orders.example.com/', 'audience_mismatch'],
    [['x', 'y'], 'audience_mismatch'],
    [[], 'audience_mismatch'],
    ['', 'audience_mismatch'],
    [idp.audience, 'audience_mismatch'],
    [7, 'claim_invalid'],
    [null, 'claim_invalid'],
    [['orders', 7], 'claim_invalid'],
  ])('R-JSVID-2: may not be %j', async (aud, code) => {
    expect(await answer(svid({ aud }))).toBe(code)
  })
})

describe('`exp`', () => {
  it('R-JSVID-2: must be there, as a date', async () => {
    expect(await answer(svid({ exp: undefined }))).toBe('claim_missing')
    expect(await answer(svid({ exp: null }))).toBe('claim_invalid')
    expect(await answer(svid({ exp: `${noon + 300}` }))).toBe('claim_invalid')
  })

  it('R-JSVID-2: is held to, with 30 seconds for clocks that differ', async () => {
    expect(await answer(svid({ exp: noon - 29, iat: noon - 60 }))).toBe('passed')
    const late = { headers: { authorization: `Bearer ${await svid({ exp: noon - 29, iat: noon - 60 })}` } }
    expect(await verifierWith().verify(late, spiffe(orders))).toMatchObject({ allowed: true })
    expect(await answer(svid({ exp: noon - 30, iat: noon - 60 }))).toBe('token_expired')
    expect(await answer(svid({ exp: noon - 31, iat: noon - 60 }))).toBe('token_expired')
  })
})
