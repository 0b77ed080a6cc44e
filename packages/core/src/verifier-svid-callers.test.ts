// Who comes with a JWT-SVID, beside an issuer, a certificate, a policy and a revocation.
import { afterAll, afterEach, describe, expect, it } from 'vitest'
import { z } from 'zod'
import { createTestCertificate, noon } from '../../../test/fixtures/der-certificates.js'
import {
  answer,
  authority,
  clock,
  idp,
  key,
  orders,
  other,
  sibling,
  svid,
  verifierWith,
} from '../../../test/fixtures/jwt-svids.js'
import { bundleOf, connectionWith, issueSvid } from '../../../test/fixtures/svids.js'
import { certificateThumbprint } from './jose/certificate.js'
import { spiffe } from './policy/request-words.js'
import { allOf, boundBy, issuer, not, scope } from './policy/words.js'
import type { VerifiableRequest } from './request/verifiable-request.js'
import { createMemoryState } from './state/memory-state.js'
import { createTestHolder } from './testing.js'

afterAll(() => idp.close())
afterEach(() => clock.set(noon))

const trustDomains = [{ trustDomain: 'prod.example', bundle: bundleOf([authority], [key.publicJwk]) }]
const withCertificates = { clientCertificate: 'tls', spiffe: { trustDomains, audience: 'orders' } }
const bearing = (token: string, request: VerifiableRequest = { headers: {} }) => ({
  ...request,
  headers: { authorization: `Bearer ${token}` },
})

describe('`iss`', () => {
  it('may be whatever an agent is called by, as long as it is none of our issuers', async () => {
    for (const iss of ['https://spire.example.com', 'spiffe://prod.example', `${idp.issuer}/`]) {
      const verified = await verifierWith().verify(bearing(await svid({ iss })))
      expect(verified).toMatchObject({ allowed: true, auth: { workload: orders, issuer: 'spiffe://prod.example' } })
    }
  })

  it.each([7, null, [idp.issuer], { a: 1 }])('may not be %j', async (iss) => {
    expect(await answer(svid({ iss }))).toBe('claim_invalid')
  })

  it('that is one of our issuers has the token judged by that one alone, whatever its subject is called', async () => {
    const verifier = verifierWith()
    expect(await answer(svid({ iss: idp.issuer }), verifier)).toBe('token_type_rejected')
    expect(await answer(svid({ iss: idp.issuer }, { typ: 'at+jwt' }), verifier)).toBe('signature_invalid')
    const token = await idp.issue({ sub: orders })
    expect(await verifier.verify(bearing(token))).toMatchObject({
      allowed: true,
      auth: { subject: orders, workload: undefined, issuer: idp.issuer },
    })
    for (const policy of [spiffe(orders), not(spiffe(orders)), not(spiffe('spiffe://prod.example/other'))])
      expect(await verifier.verify(bearing(token), policy)).toMatchObject({ allowed: false, code: 'policy_denied' })
  })

  it('of an issuer is not that of a JWT-SVID, to a policy', async () => {
    const token = await svid()
    expect(await verifierWith().verify(bearing(token), issuer(idp.issuer))).toMatchObject({ code: 'policy_denied' })
    const other = await svid({ iss: 'https://spire.example.com' })
    expect(await verifierWith().verify(bearing(other), issuer(idp.issuer))).toMatchObject({ code: 'policy_denied' })
  })
})

describe('a JWT-SVID that is bound', () => {
  it('to a certificate needs that of the connection', async () => {
    const [own, strange] = [issueSvid(authority, orders), issueSvid(authority, orders)]
    const token = await svid({ aud: 'orders', cnf: { 'x5t#S256': certificateThumbprint(own.der) } })
    const verifier = verifierWith(withCertificates)
    for (let sight = 0; sight < 3; sight++) {
      expect(await verifier.verify(bearing(token))).toMatchObject({ code: 'binding_missing' })
      expect(await verifier.verify(bearing(token, connectionWith(strange)))).toMatchObject({ code: 'binding_mismatch' })
      expect(await verifier.verify(bearing(token, connectionWith(own)), boundBy('mtls'))).toMatchObject({
        allowed: true,
        auth: { binding: 'mtls', workload: orders },
      })
    }
  })

  it('to a key is refused, where no proof is looked at', async () => {
    const holder = await createTestHolder()
    const token = await svid({ cnf: holder.confirmation })
    expect(await answer(token)).toBe('binding_missing')
    expect(await answer(token, verifierWith({ publicUrl: 'https://api.example.com' }))).toBe('binding_missing')
  })

  it('to something that is not understood is refused', async () => {
    for (const cnf of [{}, 'x', { kid: 'x' }, null])
      expect(await answer(svid({ cnf }))).toMatch(/^(binding_missing|claim_invalid|binding_mismatch)$/)
  })
})

describe('a JWT-SVID that was seen before', () => {
  it('is remembered, until it expires', async () => {
    const verifier = verifierWith()
    const request = bearing(await svid())
    for (let sight = 0; sight < 2; sight++) await verifier.verify(request)
    const known = verifier.decide(request, spiffe(orders))
    expect(known).toMatchObject({ allowed: true, auth: { workload: orders } })
    clock.set(noon + 329)
    expect(verifier.decide(request)).toMatchObject({ allowed: true })
    clock.set(noon + 330)
    expect(await verifier.verify(request)).toMatchObject({ code: 'token_expired' })
  })

  it('is refused once its key is gone from the bundle', async () => {
    let document = bundleOf([authority], [key.publicJwk])
    const bundleUrl = 'https://spire.example.com/bundle'
    const spiffeOptions = { trustDomains: [{ trustDomain: 'prod.example', bundleUrl }], audience: 'orders' }
    const verifier = verifierWith({ spiffe: spiffeOptions, fetch: async () => Response.json(document) })
    const request = bearing(await svid({ aud: 'orders', exp: noon + 3_600 }))
    for (let sight = 0; sight < 3; sight++) expect(await verifier.verify(request)).toMatchObject({ allowed: true })
    document = bundleOf([authority], [sibling.publicJwk])
    clock.set(noon + 300)
    expect(await verifier.verify(request)).toMatchObject({ code: 'key_unknown' })
    await verifier.close()
  })

  it('is refused once its workload was taken back; that of another trust domain is not', async () => {
    const state = createMemoryState({ clock })
    const verifier = verifierWith({ state })
    const namesake = svid({ sub: orders.replace('prod', 'test') }, {}, other)
    for (let sight = 0; sight < 2; sight++) expect(await answer(svid(), verifier)).toBe('passed')
    await state.revoke({ issuer: 'spiffe://prod.example', subject: orders })
    expect(await answer(svid(), verifier)).toBe('token_revoked')
    expect(await answer(svid({ jti: 'new' }), verifier)).toBe('token_revoked')
    expect(await answer(namesake, verifier)).toBe('passed')
    await state.revoke({ issuer: 'spiffe://test.example' })
    expect(await answer(namesake, verifier)).toBe('token_revoked')
  })
})

describe('a workload that hands on the JWT-SVID of another', () => {
  const proxy = issueSvid(authority, 'spiffe://prod.example/proxy')
  const verifier = verifierWith(withCertificates)
  const request = async () => bearing(await svid({ aud: 'orders' }), connectionWith(proxy))

  it('is not who is asked about', async () => {
    expect(await verifier.verify(await request(), spiffe(orders))).toMatchObject({
      allowed: true,
      auth: { workload: orders, binding: undefined },
    })
    expect(await verifier.verify(await request(), spiffe('spiffe://prod.example/proxy'))).toMatchObject({
      code: 'policy_denied',
    })
  })

  it('passes for nobody where a certificate is asked for', async () => {
    expect(await verifier.verify(await request(), allOf(spiffe(orders), boundBy('mtls')))).toMatchObject({
      code: 'policy_denied',
    })
  })

  it('has to show a good certificate all the same', async () => {
    const late = issueSvid(authority, 'spiffe://prod.example/proxy', { notAfter: noon - 1 })
    const shown = { ...connectionWith(late), headers: (await request()).headers }
    expect(await verifier.verify(shown)).toMatchObject({ code: 'certificate_rejected' })
    const plain = { ...connectionWith(createTestCertificate()), headers: (await request()).headers }
    expect(await verifier.verify(plain)).toMatchObject({ allowed: true, auth: { workload: orders } })
  })
})

describe('what is asked of every token', () => {
  it('is asked of a JWT-SVID: the schema of the application', async () => {
    const verifier = verifierWith({ claims: z.object({ tenant: z.string() }) })
    expect(await answer(svid(), verifier)).toBe('claim_invalid')
    const decision = await verifier.verify(bearing(await svid({ tenant: 'a' })), spiffe(orders))
    expect(decision).toMatchObject({ allowed: true, auth: { claims: { tenant: 'a' }, workload: orders } })
  })

  it('is asked of it: whether its subject exists', async () => {
    const asked: unknown[] = []
    const exists = async (who: { subject: string; issuer: string }) => {
      asked.push([who.issuer, who.subject])
      return false
    }
    expect(await answer(svid(), verifierWith({ subjects: { exists } }))).toBe('subject_unknown')
    expect(asked).toEqual([['spiffe://prod.example', orders]])
  })

  it('is asked of it: scopes, which it has none of', async () => {
    const decision = await verifierWith().verify(bearing(await svid({ scope: 'read' })), scope('read'))
    expect(decision).toMatchObject({ code: 'scope_insufficient' })
  })
})

describe('an explanation', () => {
  const failed = async (token: string, policy = spiffe(orders)) => {
    const { checks } = await verifierWith().explain(bearing(token), policy)
    return checks.find(({ outcome }) => outcome === 'failed')
  }

  it('of a good one says that all went well', async () => {
    const { allowed, checks, policy } = await verifierWith().explain(bearing(await svid()), spiffe(orders))
    expect(allowed).toBe(true)
    expect(checks.every(({ outcome }) => outcome === 'passed')).toBe(true)
    expect(policy).toMatchObject({ text: `spiffe ${orders}`, outcome: 'true' })
  })

  it('speaks of its trust domain where it is refused', async () => {
    expect(await failed(await svid({}, {}, sibling))).toMatchObject({
      check: 'key',
      expected: expect.stringContaining('key-1'),
    })
    expect(await failed(await svid({ aud: 'x' }))).toMatchObject({
      check: 'audience',
      expected: '"https://orders.example.com", "orders"',
      got: '"x"',
    })
    expect(await failed(await svid({}, { typ: 'at+jwt' }))).toMatchObject({
      check: 'type',
      expected: '`typ` "jwt", "jose", "(none)"',
    })
    expect(await failed(await svid({}, { x: 1 }))).toMatchObject({ check: 'header' })
    expect(await failed(await svid({ exp: noon - 60, iat: noon - 90 }))).toMatchObject({ check: 'expiry' })
    expect(await failed(await svid(), spiffe('spiffe://prod.example/other'))).toMatchObject({
      check: 'policy',
      got: expect.stringContaining('spiffe'),
    })
  })

  it('of a token that claims to be both speaks of the issuer that judged it', async () => {
    expect(await failed(await svid({ iss: idp.issuer }))).toMatchObject({ check: 'type', expected: '`typ` "at+jwt"' })
  })

  it('of one that could be nobody says that it names no issuer of ours', async () => {
    expect(await failed(await svid({ sub: 'spiffe://other.example/x', iss: 'x' }))).toMatchObject({ check: 'issuer' })
  })
})
