import { afterAll, describe, expect, it } from 'vitest'
import {
  createTestAuthority,
  createTestCertificate,
  noon,
  svidExtensions,
  type TestCertificate,
} from '../../../test/fixtures/der-certificates.js'
import { spiffe } from './policy/request-words.js'
import { allOf, boundBy, scope } from './policy/words.js'
import type { ObservableCertificate, VerifiableRequest } from './request/verifiable-request.js'
import { createMemoryState } from './state/memory-state.js'
import { createTestIssuer } from './testing.js'
import type { SpiffeOptions } from './trust-domains.js'
import { createVerifier } from './verifier.js'

const orders = 'spiffe://prod.example/ns/shop/sa/orders'
let now = noon
const clock = () => now
const idp = await createTestIssuer({ clock })
afterAll(() => idp.close())
const token = await idp.issue({ scope: 'read' })

const authority = createTestAuthority({ subject: 'prod' })
const svid = (options: Parameters<typeof createTestCertificate>[0] = {}): TestCertificate =>
  createTestCertificate({ subject: 'orders', issuer: authority, extensions: svidExtensions(orders), ...options })
const good = svid()
const bundle = { keys: [{ kty: 'EC', use: 'x509-svid', x5c: [authority.der.toString('base64')] }] }
const trusted: SpiffeOptions = { trustDomains: [{ trustDomain: 'prod.example', bundle }] }

function verifierWith(spiffeOptions: Partial<SpiffeOptions> = {}, more: object = {}) {
  return createVerifier({
    issuer: idp.issuer,
    audience: idp.audience,
    jwks: idp.jwks,
    clientCertificate: 'tls',
    spiffe: { ...trusted, ...spiffeOptions },
    clock,
    ...more,
  } as Parameters<typeof createVerifier>[0])
}

/** What TLS shows: a certificate, and those that came along. */
function connection(...chain: readonly TestCertificate[]): VerifiableRequest {
  const [first, ...rest] = chain.toReversed()
  let shown: ObservableCertificate | undefined = first && { raw: first.der }
  for (const { der } of rest) shown = { raw: der, issuerCertificate: shown }
  return { headers: {}, socket: { getPeerX509Certificate: () => shown } }
}

const withToken = (request: VerifiableRequest): VerifiableRequest => ({
  ...request,
  headers: { authorization: `Bearer ${token}` },
})

describe('a workload beside a token', () => {
  const verifier = verifierWith()

  it('reaches the policy, and the application', async () => {
    const decision = await verifier.verify(withToken(connection(good)), allOf(scope('read'), spiffe(orders)))
    expect(decision).toMatchObject({ allowed: true, auth: { workload: orders, issuer: idp.issuer } })
  })

  it('is nobody where no certificate is shown: a policy that asks for it denies', async () => {
    const request = withToken(connection())
    expect(await verifier.verify(request)).toMatchObject({ allowed: true, auth: { workload: undefined } })
    expect(await verifier.verify(request, spiffe(orders))).toMatchObject({ allowed: false, code: 'policy_denied' })
  })

  it('of a trust domain that is not listed says nothing', async () => {
    const strange = svid({ extensions: svidExtensions('spiffe://other.example/orders') })
    const request = withToken(connection(strange))
    expect(await verifier.verify(request)).toMatchObject({ allowed: true, auth: { workload: undefined } })
  })

  it.each([
    ['signed by a stranger', svid({ issuer: createTestAuthority({ subject: 'prod' }) })],
    ['that has expired', svid({ notAfter: noon - 1 })],
    ['not in force yet', svid({ notBefore: noon + 1 })],
  ])('%s is refused, whatever token comes with it', async (_, certificate) => {
    const denied = { allowed: false, code: 'certificate_rejected', status: 401 }
    expect(await verifier.verify(withToken(connection(certificate)))).toMatchObject(denied)
  })

  it('is refused from the second after its last one on', async () => {
    const brief = svid({ notAfter: noon + 10 })
    now = noon + 10
    expect(await verifier.verify(withToken(connection(brief)))).toMatchObject({ allowed: true })
    now = noon + 11
    expect(await verifier.verify(withToken(connection(brief)))).toMatchObject({ code: 'certificate_rejected' })
    now = noon
  })
})

describe('a workload without a token', () => {
  const state = createMemoryState({ clock })
  const verifier = verifierWith({ withoutToken: true }, { state })

  it('is authenticated by its certificate', async () => {
    const decision = await verifier.verify(connection(good), allOf(spiffe('spiffe://prod.example/**'), boundBy('mtls')))
    expect(decision).toMatchObject({
      allowed: true,
      auth: { subject: orders, issuer: 'spiffe://prod.example', workload: orders, token: '', scopes: [] },
      validUntil: noon + 43_199,
    })
  })

  it('has no scopes and no roles', async () => {
    expect(await verifier.verify(connection(good), scope('read'))).toMatchObject({ code: 'scope_insufficient' })
  })

  it('needs a token where that was not said', async () => {
    expect(await verifierWith().verify(connection(good))).toMatchObject({ code: 'credential_missing' })
  })

  it('of another trust domain is refused, also where nobody has to say who they are', async () => {
    const strange = svid({ extensions: svidExtensions('spiffe://other.example/orders') })
    const denied = { allowed: false, code: 'certificate_rejected' }
    expect(await verifier.verify(connection(strange))).toMatchObject(denied)
    expect(await verifier.verify(connection(strange), undefined, { optional: true })).toMatchObject(denied)
  })

  it('may be anonymous there, with a certificate that names nobody', async () => {
    const plain = createTestCertificate({ issuer: authority })
    expect(await verifier.verify(connection(plain), undefined, { optional: true })).toMatchObject({
      allowed: true,
      auth: undefined,
    })
    expect(await verifier.verify(connection(plain))).toMatchObject({ code: 'credential_missing' })
  })

  it('is refused once it was taken back', async () => {
    const taken = 'spiffe://prod.example/ns/shop/sa/taken'
    const request = connection(svid({ extensions: svidExtensions(taken) }))
    expect(await verifier.verify(request)).toMatchObject({ allowed: true })
    await state.revoke({ issuer: 'spiffe://prod.example', subject: taken })
    expect(await verifier.verify(request)).toMatchObject({ code: 'token_revoked' })
  })
})

describe('an explanation', () => {
  const verifier = verifierWith({ withoutToken: true })
  const names = async (request: VerifiableRequest, policy = spiffe(orders)) =>
    (await verifier.explain(request, policy)).checks.map(({ check, outcome }) => `${check} ${outcome}`)

  it('of a workload without a token speaks of no token', async () => {
    expect(await names(connection(good))).toEqual([
      'credential passed',
      'workload passed',
      'claims passed',
      'revocation passed',
      'subject passed',
      'policy passed',
    ])
    expect((await names(connection(good), spiffe('spiffe://prod.example/other'))).at(-1)).toBe('policy failed')
  })

  it('of one that is refused says so', async () => {
    const request = connection(svid({ notAfter: noon - 1 }))
    expect((await names(request)).slice(0, 3)).toEqual(['credential passed', 'workload failed', 'claims not reached'])
  })

  it('of a token tells of the connection, too', async () => {
    expect((await names(withToken(connection(good)))).slice(0, 3)).toEqual([
      'credential passed',
      'workload passed',
      'attempts passed',
    ])
  })
})
