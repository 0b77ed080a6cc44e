// Workloads whose TLS ends at a proxy: what Envoy says of them in `x-forwarded-client-cert`, and whose word that is.
import { afterAll, describe, expect, it } from 'vitest'
import { createTestAuthority, createTestCertificate, noon } from '../../../test/fixtures/der-certificates.js'
import { bundleOf, issueSvid, verifierOf } from '../../../test/fixtures/svids.js'
import type { ForwardedClientCertOptions } from './binding/client-certificate.js'
import { certificateThumbprint } from './jose/certificate.js'
import { spiffe } from './policy/request-words.js'
import type { VerifiableRequest } from './request/verifiable-request.js'
import { createTestClock, createTestIssuer } from './testing.js'
import type { Verifier } from './verifier.js'

const clock = createTestClock(noon)
const idp = await createTestIssuer({ clock })
afterAll(() => idp.close())
const bearer = await idp.asUser()

const orders = 'spiffe://prod.example/orders'
const billing = 'spiffe://prod.example/billing'
const gate = 'spiffe://prod.example/gate'
const root = createTestAuthority({ subject: 'root' })
const good = issueSvid(root, orders)
const forged = issueSvid(createTestAuthority({ subject: 'root' }), orders)

type Options = Omit<ForwardedClientCertOptions, 'header'>
const build = (domain: object, options: Options): Verifier =>
  verifierOf({
    issuer: idp.issuer,
    audience: idp.audience,
    jwks: idp.jwks,
    clientCertificate: { header: 'x-forwarded-client-cert', ...options },
    spiffe: { trustDomains: [{ trustDomain: 'prod.example', ...domain }], withoutToken: true },
    trustedProxies: ['127.0.0.1'],
    clock,
  })
const verifierWith = (options: Options = {}) => build({ bundle: bundleOf([root]) }, options)
const bare = (options: Options = {}) => build({}, options)

const forwarded = (value: string, remoteAddress = '127.0.0.1'): VerifiableRequest => ({
  headers: { 'x-forwarded-client-cert': value },
  remoteAddress,
})
const certOf = ({ pem }: { pem: string }) => `Cert="${encodeURIComponent(pem)}"`
const hashOf = ({ der }: { der: Buffer }) =>
  `Hash=${Buffer.from(certificateThumbprint(der), 'base64url').toString('hex')}`

/** Who it is, `nobody`, or the code of the refusal; without a token and with one. */
async function answers(verifier: Verifier, request: VerifiableRequest): Promise<readonly (string | undefined)[]> {
  const withToken = { ...request, headers: { ...request.headers, ...bearer } }
  const decisions = [await verifier.verify(request), await verifier.verify(withToken)]
  return decisions.map((decision) => (decision.allowed ? (decision.auth.workload ?? 'nobody') : decision.code))
}
const rejected = ['certificate_rejected', 'certificate_rejected']
const nobody = ['credential_missing', 'nobody']

describe.each<[string, () => Verifier]>([
  ['with a bundle', () => verifierWith()],
  ['without one', () => bare()],
])('the word of a trusted proxy, %s', (_, fresh) => {
  it('is taken for who it was, where there is no certificate', async () => {
    for (const value of [`URI=${orders}`, `By=${gate};${hashOf(good)};Subject="CN=x";URI=${orders};DNS=orders.example`])
      expect(await answers(fresh(), forwarded(value))).toEqual([orders, orders])
  })

  it('holds for five minutes', async () => {
    const decision = await fresh().verify(forwarded(`URI=${orders}`))
    expect(decision).toMatchObject({
      validUntil: noon + 300,
      auth: { issuer: 'spiffe://prod.example', binding: 'mtls' },
    })
    const request = forwarded(`URI=${orders}`)
    const lasting = await idp.asUser({}, { expiresInSeconds: 900 })
    const withToken = { ...request, headers: { ...request.headers, ...lasting } }
    expect(await fresh().verify(withToken)).toMatchObject({ validUntil: noon + 900 })
    expect(await fresh().verify(withToken, spiffe(orders))).toMatchObject({ validUntil: noon + 300 })
  })

  it('from anybody else is nobody’s', async () => {
    for (const address of ['127.0.0.2', '192.0.2.1', '::1'])
      expect(await answers(fresh(), forwarded(`URI=${orders}`, address))).toEqual(nobody)
    const { headers } = forwarded(`URI=${orders}`)
    expect(await answers(fresh(), { headers })).toEqual(nobody)
  })

  it.each([
    ['two URIs', `URI=${orders};URI=${billing}`],
    ['the same twice', `URI=${orders};URI=${orders}`],
    ['another URI beside it', `URI=https://a.example;URI=${orders}`],
    ['a URI without a path', 'URI=spiffe://prod.example'],
    ['a slash at the end', `URI=${orders}/`],
    ['a URI in capitals', 'URI=SPIFFE://prod.example/orders'],
    ['a trust domain in capitals', 'URI=spiffe://Prod.example/orders'],
    ['dots', 'URI=spiffe://prod.example/../orders'],
    ['a port', 'URI=spiffe://prod.example:8443/orders'],
    ['an escape', 'URI=spiffe://prod.example/%6frders'],
  ])('R-XSVID-1: is refused with %s', async (_name, value) => {
    expect(await answers(fresh(), forwarded(value))).toEqual(rejected)
  })

  it.each([
    ['no URI', `${hashOf(good)};Subject="CN=x"`],
    ['an empty one', `${hashOf(good)};URI=`],
    ['a URI of another kind', 'URI=https://prod.example/orders'],
    ['two of them', 'URI=https://a.example;URI=https://b.example'],
  ])('says of nobody who it was with %s', async (_name, value) => {
    expect(await answers(fresh(), forwarded(value))).toEqual(nobody)
  })

  it('on a trust domain that is not listed is none, and refused alone', async () => {
    expect(await answers(fresh(), forwarded('URI=spiffe://other.example/orders'))).toEqual([
      'certificate_rejected',
      'nobody',
    ])
  })

  it.each(['', 'garbage', `URI=${orders};`, `URI=${orders},`, `URI="${orders}`, `Who=${orders}`, 'Hash=00'])(
    'R-XFCC-2: is refused where it is %j',
    async (value) => {
      expect(await answers(fresh(), forwarded(value))).toEqual(rejected)
    },
  )
})

describe('a certificate in an element', () => {
  it('is verified where there is a bundle', async () => {
    expect(await answers(verifierWith(), forwarded(`${certOf(good)};URI=${orders}`))).toEqual([orders, orders])
    expect(await answers(verifierWith(), forwarded(certOf(good)))).toEqual([orders, orders])
    expect(await answers(verifierWith(), forwarded(`${certOf(forged)};URI=${orders}`))).toEqual(rejected)
    const late = issueSvid(root, orders, { notAfter: noon - 1 })
    expect(await answers(verifierWith(), forwarded(`${certOf(late)};URI=${orders}`))).toEqual(rejected)
  })

  it('is verified where it leads a chain', async () => {
    const middle = createTestAuthority({ subject: 'middle', issuer: root })
    const chain = (...all: readonly { pem: string }[]) =>
      `Chain="${encodeURIComponent(all.map(({ pem }) => pem).join(''))}"`
    const deep = issueSvid(middle, orders)
    expect(await answers(verifierWith(), forwarded(`${chain(deep, middle)};URI=${orders}`))).toEqual([orders, orders])
    expect(await answers(verifierWith(), forwarded(`${certOf(deep)};${chain(deep, middle)}`))).toEqual([orders, orders])
    expect(await answers(verifierWith(), forwarded(`${certOf(deep)};URI=${orders}`))).toEqual(rejected)
    expect(await answers(verifierWith(), forwarded(`${certOf(good)};${chain(deep, middle)}`))).toEqual(rejected)
    expect(await answers(verifierWith(), forwarded(`${chain(forged, root)};URI=${orders}`))).toEqual(rejected)
  })

  it('that names no workload leaves the URI without one to be of', async () => {
    const plain = createTestCertificate({ issuer: root })
    expect(await answers(verifierWith(), forwarded(`${certOf(plain)};URI=${orders}`))).toEqual(nobody)
    expect(await answers(bare(), forwarded(`${certOf(plain)};URI=${orders}`))).toEqual(nobody)
  })

  it('is believed without a bundle as the URI is, and has to be that of a workload', async () => {
    expect(await answers(bare(), forwarded(`${certOf(good)};URI=${orders}`))).toEqual([orders, orders])
    expect(await answers(bare(), forwarded(certOf(good)))).toEqual(nobody)
    const two = `${certOf(issueSvid(root, orders, { extensions: [] }))};URI=${orders}`
    expect(await answers(bare(), forwarded(two))).toEqual(nobody)
    const authority = createTestAuthority({ subject: 'x' })
    expect(await answers(bare(), forwarded(`${certOf(authority)};URI=${orders}`))).toEqual(nobody)
  })
})

describe('`By`', () => {
  const sees = (by: string | readonly string[], value: string) => answers(verifierWith({ by }), forwarded(value))
  const other = 'spiffe://prod.example/other'

  it('R-XFCC-4: has to be one of our proxies', async () => {
    expect(await sees(gate, `By=${gate};URI=${orders}`)).toEqual([orders, orders])
    expect(await sees([other, gate], `By=${gate};URI=${orders}`)).toEqual([orders, orders])
    expect(await sees(gate, `By=${other};By=${gate};URI=${orders}`)).toEqual([orders, orders])
    expect(await sees(gate, `By=${gate};${certOf(good)}`)).toEqual([orders, orders])
  })

  it.each([
    ['another', `By=${other};URI=${orders}`],
    ['several others', `By=${other};By=${billing};URI=${orders}`],
    ['missing', `URI=${orders}`],
    ['missing beside a good certificate', certOf(good)],
    ['written in capitals', `By=${gate.toUpperCase()};URI=${orders}`],
    ['longer', `By=${gate}/x;URI=${orders}`],
  ])('R-XFCC-4: may not be %s', async (_, value) => {
    expect(await sees(gate, value)).toEqual(rejected)
  })

  it('R-XFCC-4: is asked of the element that counts', async () => {
    const options = { by: gate, hops: 2 }
    const request = forwarded(`By=${gate};URI=${billing},By=${other};URI=${orders}`)
    expect(await answers(verifierWith(options), request)).toEqual([billing, billing])
    const swapped = forwarded(`By=${other};URI=${billing},By=${gate};URI=${orders}`)
    expect(await answers(verifierWith(options), swapped)).toEqual(rejected)
  })

  it('R-XFCC-4: is asked of nobody where there is no element', async () => {
    expect(await answers(verifierWith({ by: gate }), { headers: {}, remoteAddress: '127.0.0.1' })).toEqual(nobody)
  })

  it.each([[[]], [''], [[gate, 7]], [null], [7]])('cannot be %j', (by) => {
    expect(() => verifierWith({ by: by as string })).toThrow(
      '`by` of `clientCertificate` must be a string or an array of strings, and not empty',
    )
  })
})

describe('two names', () => {
  it('of one workload, by the proxy and in the certificate, are none', async () => {
    expect(await answers(verifierWith(), forwarded(`${certOf(good)};URI=${orders}`))).toEqual([orders, orders])
    for (const verifier of [verifierWith(), bare()]) {
      expect(await answers(verifier, forwarded(`${certOf(good)};URI=${billing}`))).toEqual(rejected)
      expect(await answers(verifier, forwarded(`${certOf(good)};URI=${orders};URI=${billing}`))).toEqual(rejected)
      expect(await answers(verifier, forwarded(`${certOf(good)};URI=${orders};URI=${orders}`))).toEqual(rejected)
    }
  })
})

describe('earlier elements', () => {
  it('R-XFCC-3: are what the client wrote, and have the header refused', async () => {
    expect(await answers(bare(), forwarded(`URI=${billing},URI=${orders}`))).toEqual(rejected)
    expect(await answers(bare(), forwarded(`URI=${billing},${hashOf(good)}`))).toEqual(rejected)
    expect(await answers(verifierWith(), forwarded(`${certOf(forged)},${certOf(good)}`))).toEqual(rejected)
    expect(await answers(verifierWith({ hops: 2 }), forwarded(`${certOf(good)},${certOf(forged)}`))).toEqual([
      orders,
      orders,
    ])
  })

  it('R-XFCC-3: count from the right, by how many proxies are ours', async () => {
    const request = forwarded(`URI=${billing},URI=${orders},URI=${gate}`)
    expect(await answers(bare({ hops: 2 }), request)).toEqual(rejected)
    expect(await answers(bare({ hops: 2 }), forwarded(`URI=${orders},URI=${gate}`))).toEqual([orders, orders])
    expect(await answers(bare({ hops: 3 }), request)).toEqual([billing, billing])
    expect(await answers(bare({ hops: 4 }), request)).toEqual(nobody)
  })

  it('R-XFCC-3: in a line of their own are no others', async () => {
    const rawHeaders = ['X-Forwarded-Client-Cert', `URI=${billing}`, 'x-forwarded-client-cert', `URI=${orders}`]
    const request = { headers: {}, rawHeaders, remoteAddress: '127.0.0.1' }
    expect(await bare().verify(request)).toMatchObject({ code: 'certificate_rejected' })
    expect(await bare({ hops: 2 }).verify(request)).toMatchObject({ auth: { workload: billing } })
  })
})

describe('a header in place of ours', () => {
  it('is not read, nor is the connection of the proxy', async () => {
    const headers = {
      'client-cert': `:${good.der.toString('base64')}:`,
      'ssl-client-cert': encodeURIComponent(good.pem),
    }
    const socket = { remoteAddress: '127.0.0.1', getPeerX509Certificate: () => ({ raw: good.der }) }
    expect(await answers(verifierWith(), { headers, socket })).toEqual(nobody)
  })
})
