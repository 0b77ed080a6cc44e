// The way from the certificate of a workload to an authority: what comes along with it, what is remembered of it, and for how long.
import { writeFileSync } from 'node:fs'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, describe, expect, it } from 'vitest'
import { createTestAuthority, noon, type TestCertificate } from '../../../test/fixtures/der-certificates.js'
import { bundleOf, connectionWith, issueSvid, verifierOf } from '../../../test/fixtures/svids.js'
import type { VerifiableRequest } from './request/verifiable-request.js'
import { createTestClock } from './testing.js'
import type { TrustDomainOptions } from './trust-domains.js'
import type { Verifier } from './verifier.js'

const clock = createTestClock(noon)
afterEach(() => clock.set(noon))
const folder = await mkdtemp(join(tmpdir(), 'bundle-'))
afterAll(() => rm(folder, { recursive: true }))

const id = 'spiffe://prod.example/orders'
const root = createTestAuthority({ subject: 'root' })
const middle = createTestAuthority({ subject: 'middle', issuer: root })
const low = createTestAuthority({ subject: 'low', issuer: middle })
const direct = issueSvid(root, id)
const deep = issueSvid(low, id)

function verifierWith(domain: Partial<TrustDomainOptions> = { bundle: bundleOf([root]) }, more: object = {}): Verifier {
  return verifierOf({
    issuer: 'https://idp.example.com',
    audience: 'https://api.example.com',
    clientCertificate: 'tls',
    spiffe: { trustDomains: [{ trustDomain: 'prod.example', ...domain }], withoutToken: true },
    trustedProxies: ['127.0.0.1'],
    fetch: async () => new Response(null, { status: 404 }),
    clock,
    ...more,
  })
}

/** `passed`, or the code of the refusal. */
async function answer(verifier: Verifier, request: VerifiableRequest): Promise<string> {
  const decision = await verifier.verify(request)
  return decision.allowed ? 'passed' : decision.code
}

const byteSequence = ({ der }: TestCertificate) => `:${der.toString('base64')}:`
const escaped = (...chain: readonly TestCertificate[]) => encodeURIComponent(chain.map(({ pem }) => pem).join(''))

/** How a request shows a chain, by the option that says where it is read. */
const places: Readonly<Record<string, (...chain: readonly TestCertificate[]) => VerifiableRequest>> = {
  tls: connectionWith,
  'client-cert': (leaf, ...behind) => ({
    headers: {
      'client-cert': byteSequence(leaf as TestCertificate),
      ...(behind.length > 0 && { 'client-cert-chain': behind.map(byteSequence).join(', ') }),
    },
    remoteAddress: '127.0.0.1',
  }),
  'x-forwarded-client-cert': (...chain) => ({
    headers: { 'x-forwarded-client-cert': `Chain="${escaped(...chain)}"` },
    remoteAddress: '127.0.0.1',
  }),
}

describe.each(Object.entries(places))('intermediates by %s', (clientCertificate, shown) => {
  const fresh = () => verifierWith(undefined, { clientCertificate })

  it('R-XSVID-1: lead to an authority of the bundle', async () => {
    expect(await answer(fresh(), shown(deep, low, middle))).toBe('passed')
    expect(await answer(fresh(), shown(deep, middle, low))).toBe('passed')
    expect(await answer(fresh(), shown(deep, low, middle, root))).toBe('passed')
    expect(await answer(fresh(), shown(direct))).toBe('passed')
  })

  it('R-XSVID-1: vouch for nothing by themselves', async () => {
    const own = createTestAuthority({ subject: 'root' })
    const forged = createTestAuthority({ subject: 'low', issuer: own })
    expect(await answer(fresh(), shown(issueSvid(forged, id), forged, own))).toBe('certificate_rejected')
    expect(await answer(fresh(), shown(issueSvid(direct, id), direct))).toBe('certificate_rejected')
  })

  it('R-XSVID-1: must not lack one of them', async () => {
    expect(await answer(fresh(), shown(deep))).toBe('certificate_rejected')
    expect(await answer(fresh(), shown(deep, low))).toBe('certificate_rejected')
    expect(await answer(fresh(), shown(deep, middle))).toBe('certificate_rejected')
  })

  it('are remembered for a connection that is resumed, which shows the certificate alone', async () => {
    const verifier = fresh()
    expect(await answer(verifier, shown(deep, low, middle))).toBe('passed')
    clock.advance(60)
    expect(await answer(verifier, shown(deep))).toBe('passed')
    clock.advance(60)
    expect(await answer(verifier, shown(deep))).toBe('passed') // those of the second walk are those of the first
    expect(await answer(verifier, shown(issueSvid(low, id)))).toBe('certificate_rejected')
  })
})

describe('what comes along', () => {
  it('is looked at as far as eight certificates go', async () => {
    const others = Array.from({ length: 7 }, (_, index) => createTestAuthority({ subject: `other ${index}` }))
    const short = issueSvid(middle, id)
    expect(await answer(verifierWith(), connectionWith(short, ...others, middle))).toBe('passed')
    expect(await answer(verifierWith(), connectionWith(short, ...others, others[0] as TestCertificate, middle))).toBe(
      'certificate_rejected',
    )
  })

  it('may be a ring without an end', async () => {
    const ring: { raw: Buffer; issuerCertificate?: object } = { raw: middle.der }
    ring.issuerCertificate = ring
    const shown = { raw: issueSvid(middle, id).der, issuerCertificate: ring } as { raw: Buffer }
    const socket = { getPeerX509Certificate: () => shown }
    expect(await answer(verifierWith(), { headers: {}, socket })).toBe('passed')
  })

  it('takes the place of what came before, where it is enough', async () => {
    const verifier = verifierWith({ bundle: bundleOf([root]) })
    const cross = createTestAuthority({ subject: 'low', issuer: root, key: low.key })
    expect(await answer(verifier, connectionWith(deep, low, middle))).toBe('passed')
    clock.advance(60)
    expect(await answer(verifier, connectionWith(deep, cross))).toBe('passed')
    clock.advance(60)
    expect(await answer(verifier, connectionWith(deep))).toBe('passed')
  })

  it('of no use takes the place of nothing', async () => {
    const verifier = verifierWith()
    const useless = createTestAuthority({ subject: 'low' })
    expect(await answer(verifier, connectionWith(deep, low, middle))).toBe('passed')
    clock.advance(60)
    expect(await answer(verifier, connectionWith(deep, useless))).toBe('certificate_rejected')
    expect(await answer(verifier, connectionWith(deep))).toBe('passed')
  })

  it.each<[string, string]>([
    ['is garbage', 'garbage'],
    ['is empty', ''],
    ['is no list', `${byteSequence(low)} ${byteSequence(middle)}`],
    ['lacks an item', `${byteSequence(low)},,${byteSequence(middle)}`],
    ['holds no certificate', ':AAAA:'],
  ])('in `Client-Cert-Chain` that %s refuses the request', async (_, chain) => {
    const verifier = verifierWith(undefined, { clientCertificate: 'client-cert' })
    const request = places['client-cert']?.(direct) as VerifiableRequest
    const headers = { ...request.headers, 'client-cert-chain': chain }
    expect(await answer(verifier, { ...request, headers })).toBe('certificate_rejected')
  })

  it('in `Client-Cert-Chain` without `Client-Cert` says nothing', async () => {
    const verifier = verifierWith(undefined, { clientCertificate: 'client-cert' })
    const headers = { 'client-cert-chain': byteSequence(direct) }
    expect(await answer(verifier, { headers, remoteAddress: '127.0.0.1' })).toBe('credential_missing')
  })
})

describe('what came along while there was no bundle', () => {
  const path = join(folder, 'late.pem')

  it('is remembered: HTTP/2 shows it to the first stream of a connection alone', async () => {
    const verifier = verifierWith({ bundleFile: path })
    expect(await answer(verifier, connectionWith(deep, low, middle))).toBe('keys_unavailable')
    await writeFile(path, root.pem)
    await expect.poll(() => answer(verifier, connectionWith(deep)), { timeout: 5_000, interval: 200 }).toBe('passed')
    expect(await answer(verifierWith({ bundleFile: path }), connectionWith(deep))).toBe('certificate_rejected')
  })
})

describe('a certificate that was vouched for', () => {
  const brief = createTestAuthority({ subject: 'brief', issuer: root, notAfter: noon + 10 })
  const shown = connectionWith(issueSvid(brief, id), brief)

  it('is for a minute, less a second, and then the path is walked again', async () => {
    const verifier = verifierWith()
    expect(await answer(verifier, shown)).toBe('passed')
    clock.set(noon + 59) // an intermediate has expired
    expect(await answer(verifier, shown)).toBe('passed')
    clock.set(noon + 60)
    expect(await answer(verifier, shown)).toBe('certificate_rejected')
    expect(await answer(verifierWith(), shown)).toBe('certificate_rejected')
  })

  it('is not for a clock that was set back, nor for one that has no time', async () => {
    const verifier = verifierWith()
    clock.set(noon + 10)
    expect(await answer(verifier, shown)).toBe('passed')
    clock.set(noon - 43_201) // before any of them was in force
    expect(await answer(verifier, shown)).toBe('certificate_rejected')
    clock.set(Number.NaN)
    expect(await answer(verifier, shown)).toBe('certificate_rejected')
  })

  it('is remembered by its whole: one of the same workload is judged by itself', async () => {
    const verifier = verifierWith()
    expect(await answer(verifier, connectionWith(direct))).toBe('passed')
    const stranger = createTestAuthority({ subject: 'root' })
    expect(await answer(verifier, connectionWith(issueSvid(stranger, id, { key: direct.key })))).toBe(
      'certificate_rejected',
    )
  })

  it('is not the certificate of an authority, however good', async () => {
    const named = createTestAuthority({ subject: 'root', issuer: root })
    expect(await answer(verifierWith(), connectionWith(named))).toBe('credential_missing') // it names no workload
    expect(await answer(verifierWith({ bundle: bundleOf([root, direct]) }), connectionWith(direct))).toBe(
      'certificate_rejected',
    )
  })
})

describe('an authority that is gone', () => {
  const other = createTestAuthority({ subject: 'other' })

  it('from a file vouches for nobody from that moment on, also who was vouched for ten seconds ago', async () => {
    const path = join(folder, 'bundle.pem')
    await writeFile(path, root.pem + other.pem)
    const verifier = verifierWith({ bundleFile: path })
    expect(await answer(verifier, connectionWith(direct))).toBe('passed')
    writeFileSync(path, other.pem)
    await expect.poll(() => answer(verifier, connectionWith(direct))).toBe('certificate_rejected')
    expect(await answer(verifier, connectionWith(issueSvid(other, id)))).toBe('passed')
    await verifier.close()
  })

  it('from a URL does so as well, and what is remembered of the path does not help', async () => {
    let document = bundleOf([root, other])
    const verifier = verifierWith(
      { bundleUrl: 'https://spire.example.com/' },
      { fetch: async () => Response.json(document) },
    )
    clock.set(noon + 290)
    expect(await answer(verifier, connectionWith(deep, low, middle))).toBe('passed')
    document = bundleOf([other])
    clock.set(noon + 290 + 300)
    expect(await answer(verifier, connectionWith(deep, low, middle))).toBe('certificate_rejected')
    expect(await answer(verifier, connectionWith(deep))).toBe('certificate_rejected')
    await verifier.close()
  })

  it('of one trust domain vouches for nobody of another', async () => {
    const trustDomains = [
      { trustDomain: 'prod.example', bundle: bundleOf([root]) },
      { trustDomain: 'test.example', bundle: bundleOf([other]) },
    ]
    const verifier = verifierWith(undefined, { spiffe: { trustDomains, withoutToken: true } })
    const test = 'spiffe://test.example/orders'
    expect(await answer(verifier, connectionWith(issueSvid(other, test)))).toBe('passed')
    expect(await answer(verifier, connectionWith(issueSvid(root, test)))).toBe('certificate_rejected')
    expect(await answer(verifier, connectionWith(issueSvid(other, id)))).toBe('certificate_rejected')
  })
})
