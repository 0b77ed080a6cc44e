// The bundle of a trust domain at a URL, seen from a request: refreshed as keys are, and never mistaken for the keys of an issuer.
import { setImmediate } from 'node:timers/promises'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { createTestAuthority, noon, type TestCertificate } from '../../../test/fixtures/der-certificates.js'
import { bundleOf, connectionWith, issueSvid, verifierOf } from '../../../test/fixtures/svids.js'
import type { KeyLifetimeOptions } from './keys/key-lifetimes.js'
import { createMemoryState } from './state/memory-state.js'
import { createTestClock, createTestKey } from './testing.js'
import type { Verifier } from './verifier.js'

const clock = createTestClock(noon)
const key = await createTestKey('ES256', 'key-1')
const [one, two] = [createTestAuthority({ subject: 'one' }), createTestAuthority({ subject: 'two' })]
const id = 'spiffe://prod.example/orders'
const [byOne, byTwo] = [issueSvid(one, id), issueSvid(two, id)]
const url = 'https://spire.example.com/bundle'
const issuer = 'https://idp.example.com'
const audience = 'https://api.example.com'

/** The bundle endpoint. */
const endpoint = { asked: 0, isDown: false, document: {} as object, headers: {} as Record<string, string> }
const fetch = async (asked: string): Promise<Response> => {
  if (asked !== url) return new Response(null, { status: 404 })
  endpoint.asked += 1
  return endpoint.isDown ? new Response(null, { status: 503 }) : Response.json(endpoint.document, endpoint)
}
const publish = (authorities: readonly TestCertificate[], more: object = {}) => {
  endpoint.document = { ...bundleOf(authorities, [key.publicJwk]), ...more }
}

const built: Verifier<unknown>[] = []
beforeEach(() => {
  clock.set(noon)
  Object.assign(endpoint, { asked: 0, isDown: false, headers: {} })
  publish([one, two])
})
afterEach(async () => {
  for (const verifier of built.splice(0)) await verifier.close()
})

function build(more: object): Verifier {
  const verifier = verifierOf({ audience, clock, fetch, ...more })
  built.push(verifier)
  return verifier
}

function verifierWith(keyLifetimes: KeyLifetimeOptions = {}, more: object = {}): Verifier {
  return build({
    issuer,
    jwks: { keys: [key.publicJwk] },
    clientCertificate: 'tls',
    spiffe: {
      trustDomains: [{ trustDomain: 'prod.example', bundleUrl: url, keyLifetimes }],
      withoutToken: true,
      audience: 'api',
    },
    ...more,
  })
}

async function answer(verifier: Verifier, certificate: TestCertificate = byOne): Promise<string> {
  const decision = await verifier.verify(connectionWith(certificate))
  return decision.allowed ? 'passed' : decision.code
}

async function after(seconds: number, verifier: Verifier, certificate?: TestCertificate): Promise<string> {
  clock.advance(seconds)
  const answered = await answer(verifier, certificate)
  await setImmediate()
  await setImmediate()
  return answered
}

describe('a bundle at a URL', () => {
  it('is fetched ahead of the first request, and once for all', async () => {
    const verifier = verifierWith()
    await setImmediate()
    expect(endpoint.asked).toBe(1)
    expect(await Promise.all([answer(verifier), answer(verifier, byTwo)])).toEqual(['passed', 'passed'])
    expect(endpoint.asked).toBe(1)
    expect(verifier.decide(connectionWith(byOne))).not.toBeInstanceOf(Promise)
  })

  it('loses an authority with the next refresh: it vouches for nobody from then on, however lately it did', async () => {
    const verifier = verifierWith()
    expect(await answer(verifier)).toBe('passed')
    publish([two])
    expect(await after(239, verifier)).toBe('passed')
    expect(await after(1, verifier)).toBe('passed') // it is asked for ahead of its end
    expect(await after(0, verifier)).toBe('certificate_rejected')
    expect(await after(0, verifier, byTwo)).toBe('passed')
    expect(endpoint.asked).toBe(2)
  })

  it('gains one as well', async () => {
    publish([two])
    const verifier = verifierWith()
    expect(await answer(verifier)).toBe('certificate_rejected')
    publish([one, two])
    expect(await after(300, verifier)).toBe('passed')
  })

  it.each([
    [120, 96],
    [60, 48],
    [1, 48],
    [3_600, 480],
    [-1, 240],
    ['60', 240],
  ])('with the hint %j is refreshed after %i seconds', async (hint, seconds) => {
    publish([one], { spiffe_refresh_hint: hint })
    const verifier = verifierWith()
    await answer(verifier)
    await after(seconds - 1, verifier)
    expect(endpoint.asked).toBe(1)
    await after(1, verifier)
    expect(endpoint.asked).toBe(2)
  })

  it('heeds its hint more than the headers it came with', async () => {
    endpoint.headers = { 'cache-control': 'max-age=600' }
    publish([one], { spiffe_refresh_hint: 100 })
    const verifier = verifierWith()
    await answer(verifier)
    await after(80, verifier)
    expect(endpoint.asked).toBe(2)
  })
})

describe('while it cannot be had', () => {
  it('the last good one serves for `staleSeconds`, then its workloads are asked to come again', async () => {
    const verifier = verifierWith({ staleSeconds: 900 })
    expect(await answer(verifier)).toBe('passed')
    endpoint.isDown = true
    expect(await after(300, verifier)).toBe('passed')
    expect(await after(899, verifier)).toBe('passed')
    expect(await after(1, verifier)).toBe('keys_unavailable')
    endpoint.isDown = false
  })

  it('from the start, they are answered 503, and when to come again', async () => {
    endpoint.isDown = true
    expect(await verifierWith().verify(connectionWith(byOne))).toMatchObject({
      allowed: false,
      status: 503,
      code: 'keys_unavailable',
      headers: { 'Retry-After': '1' },
    })
  })

  it('an explanation says that it is about the connection, and why', async () => {
    endpoint.isDown = true
    const verifier = verifierWith()
    const { code, checks } = await verifier.explain(connectionWith(byOne))
    expect(code).toBe('keys_unavailable')
    expect(checks.find(({ outcome }) => outcome === 'failed')).toMatchObject({
      check: 'workload',
      expected: 'the bundle of the trust domain',
      got: expect.stringContaining('503'),
      action: expect.stringContaining('the certificate itself was not judged'),
    })
  })

  it('nobody else is kept waiting: neither a token alone, nor a workload of another trust domain beside one', async () => {
    endpoint.isDown = true
    const verifier = verifierWith()
    const claims = { iss: issuer, aud: audience, sub: 'ann', exp: noon + 60 }
    const headers = { authorization: `Bearer ${await key.sign(JSON.stringify(claims), { typ: 'at+jwt' })}` }
    const other = issueSvid(one, 'spiffe://other.example/orders')
    expect(await verifier.verify({ headers })).toMatchObject({ allowed: true })
    expect(await verifier.verify({ ...connectionWith(other), headers })).toMatchObject({ allowed: true })
    expect(await verifier.verify({ ...connectionWith(byOne), headers })).toMatchObject({ code: 'keys_unavailable' })
  })
})

describe('a document that several verifiers share', () => {
  const state = () => createMemoryState({ clock })

  it('is read as the bundle it is: authorities and all', async () => {
    const shared = state()
    expect(await answer(verifierWith({}, { state: shared }))).toBe('passed')
    expect(await answer(verifierWith({}, { state: shared }))).toBe('passed')
    expect(endpoint.asked).toBe(1)
  })

  it('takes an authority away from all of them at once', async () => {
    const shared = state()
    const [first, second] = [verifierWith({}, { state: shared }), verifierWith({}, { state: shared })]
    expect([await answer(first), await answer(second)]).toEqual(['passed', 'passed'])
    publish([two])
    expect(await after(300, first)).toBe('certificate_rejected')
    expect(await after(0, second)).toBe('certificate_rejected')
    expect(endpoint.asked).toBe(2)
  })

  it('is taken from where the bundle is, and from nowhere else', async () => {
    const forger = createTestAuthority({ subject: 'forger' })
    for (const [from, expected] of [
      [url, 'passed'],
      ['https://elsewhere.example.com/bundle', 'certificate_rejected'],
    ] as const) {
      const shared = state()
      const document = { url: from, text: JSON.stringify(bundleOf([forger])), fetchedAt: noon }
      const source = { issuer: 'spiffe://prod.example', location: url }
      const sharing = { serves: () => false, timeoutSeconds: 1, keepSeconds: 60 }
      await shared.keySets.fetchOnce(source, sharing, async () => document)
      expect(await answer(verifierWith({}, { state: shared }), issueSvid(forger, id))).toBe(expected)
    }
  })

  // The name and the place of both are the same: so is the document, but not what is read of it.
  const asIssuer = { issuer: 'spiffe://prod.example', jwksUri: url }
  const tokenOf = (iss: string) =>
    key.sign(JSON.stringify({ iss, aud: audience, sub: 'ann', exp: noon + 600 }), { typ: 'at+jwt' })

  it('gives an issuer none of its keys', async () => {
    const shared = state()
    await answer(verifierWith({}, { state: shared }))
    const verifier = build({ ...asIssuer, state: shared })
    const headers = { authorization: `Bearer ${await tokenOf('spiffe://prod.example')}` }
    expect(await verifier.verify({ headers })).toMatchObject({ code: 'key_unknown' })
  })

  it('gives a trust domain none of the keys of an issuer', async () => {
    endpoint.document = { keys: [key.publicJwk] }
    const shared = state()
    const headers = { authorization: `Bearer ${await tokenOf('spiffe://prod.example')}` }
    expect(await build({ ...asIssuer, state: shared }).verify({ headers })).toMatchObject({ allowed: true })
    const verifier = verifierWith({}, { state: shared })
    const svid = await key.sign(JSON.stringify({ aud: 'api', sub: id, exp: noon + 60 }))
    const bearer = { authorization: `Bearer ${svid}` }
    expect(await verifier.verify({ headers: bearer })).toMatchObject({ code: 'key_unknown' })
    expect(await answer(verifier)).toBe('certificate_rejected')
  })
})

describe('a verifier that is closed', () => {
  it('has ended the fetch of a bundle', async () => {
    let signal: AbortSignal | undefined
    const hanging = (_: string, init: { signal: AbortSignal }) => {
      signal = init.signal
      return new Promise<Response>(() => {})
    }
    const verifier = verifierWith({}, { fetch: hanging })
    await setImmediate()
    expect(signal?.aborted).toBe(false)
    await verifier.close()
    expect(signal?.aborted).toBe(true)
  })
})
