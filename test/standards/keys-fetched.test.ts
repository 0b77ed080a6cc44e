// Where keys come from: metadata, key sets, and what happens while they cannot be had.
import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { createVerifier, type KeysEvent, type VerifierOptions } from '@sallyport/core'
import { createTestClock, createTestIssuer, type TestIssuer } from '@sallyport/core/testing'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { type AnyVerifier, answer, audience, createSigner, issuer, now, verdict } from '../fixtures/signer.js'
import { createWeb, type Web, type WebDocuments } from '../fixtures/web.js'

const signer = createSigner('ES256')
const jwks = { keys: [signer.publicJwk] }
const jwksUri = `${issuer}/jwks`
const metadata = { issuer, jwks_uri: jwksUri }
const oidc = '/.well-known/openid-configuration'
const oauth = '/.well-known/oauth-authorization-server'

const built: AnyVerifier[] = []
let events: KeysEvent[] = []
const listen = (event: unknown): void => void events.push(event as KeysEvent)
beforeEach(() => {
  events = []
  subscribe('sallyport:keys', listen)
})
afterEach(async () => {
  unsubscribe('sallyport:keys', listen)
  for (const verifier of built.splice(0)) await verifier.close()
})

function build(options: object): AnyVerifier {
  const verifier = createVerifier({ audience, clock: () => now, ...options } as VerifierOptions) as AnyVerifier
  built.push(verifier)
  return verifier
}

/** What becomes of a good token of an issuer on such a Web. */
async function judge(documents: WebDocuments, options: object = {}): Promise<{ code: string; web: Web }> {
  const web = createWeb(documents)
  const name = (options as { issuer?: string }).issuer ?? issuer
  const token = signer.token({}, { iss: name })
  return { code: await verdict(build({ issuer: name, fetch: web.fetch, ...options }), token), web }
}

const codeOf = async (documents: WebDocuments, options: object = {}) => (await judge(documents, options)).code

describe('R-KEY-4: secrets and private keys in a published set', () => {
  const d = Buffer.alloc(32, 7).toString('base64url')

  it.each<[string, object]>([
    ['a secret', { kty: 'oct', k: d, kid: 'key-1' }],
    ['a private EC key', { ...signer.publicJwk, d }],
    ['a private ML-DSA key', { kty: 'AKP', alg: 'ML-DSA-44', pub: 'AA', priv: d, kid: 'key-1' }],
  ])('R-KEY-4 %s is refused, and the operator warned', async (_, entry) => {
    expect(await codeOf({ [jwksUri]: { keys: [entry] } }, { jwksUri })).toBe('key_unknown')
    expect(events[0]).toMatchObject({
      issuer,
      outcome: 'skipped',
      keys: 0,
      reason: expect.stringMatching(/secret|private/),
    })
    expect(JSON.stringify(events)).not.toContain(d)
  })

  it('R-KEY-4 are no hindrance to the keys beside them', async () => {
    const keys = [{ kty: 'oct', k: d, kid: 'a' }, signer.publicJwk]
    expect(await codeOf({ [jwksUri]: { keys } }, { jwksUri })).toBe('accepted')
    expect(events.map(({ outcome, keys }) => [outcome, keys])).toEqual([
      ['skipped', 1],
      ['refreshed', 1],
    ])
  })
})

describe('R-KEY-8: the issuer that the metadata names', () => {
  const place = issuer + oidc

  it('R-KEY-8 is the configured one', async () => {
    expect(await codeOf({ [place]: metadata, [jwksUri]: jwks })).toBe('accepted')
  })

  it.each([
    `${issuer}/`,
    'https://IDP.example.com',
    `${issuer}:443`,
    `${issuer}/a`,
    'https://evil.example',
    undefined,
    7,
  ])('R-KEY-8 is not %s: 503, and a loud event', async (named) => {
    const web = createWeb({ [place]: { ...metadata, issuer: named }, [jwksUri]: jwks })
    const verifier = build({ issuer, fetch: web.fetch })
    expect(await answer(verifier, signer.token())).toEqual({ status: 503, code: 'keys_unavailable' })
    expect(web.asked).not.toContain(jwksUri)
    const reason = expect.stringMatching(
      /names (no issuer|the issuer .+), the options name https:\/\/idp\.example\.com$/,
    )
    expect(events[0]).toMatchObject({ outcome: 'failed', reason })
    const { checks } = await verifier.explain({ headers: { authorization: `Bearer ${signer.token()}` } })
    expect(checks.find(({ outcome }) => outcome === 'failed')).toMatchObject({ check: 'key', got: reason })
  })
})

describe('R-KEY-9: the URL of an issuer', () => {
  it.each([`${issuer}?a=b`, `${issuer}#a`, 'http://idp.example.com', 'idp.example.com', ''])(
    'R-KEY-9 is not %j: it does not build',
    (name) => {
      expect(() => build({ issuer: name })).toThrow(expect.objectContaining({ name: 'ConfigurationError' }))
    },
  )

  it.each(['http://localhost:9', 'http://127.0.0.1:9', 'http://[::1]:9'])('R-KEY-9 may be %s', async (name) => {
    const documents = { [name + oidc]: { issuer: name, jwks_uri: `${name}/jwks` }, [`${name}/jwks`]: jwks }
    expect(await codeOf(documents, { issuer: name })).toBe('accepted')
  })

  it.each([
    ['OpenID Connect’s, appended', `${issuer}/t1${oidc}`],
    ['RFC 8414’s, inserted', `${issuer}${oauth}/t1`],
    ['OpenID Connect’s, inserted', `${issuer}${oidc}/t1`],
  ])('R-KEY-9 leads to the metadata at %s', async (_, place) => {
    const named = { issuer: `${issuer}/t1`, jwks_uri: jwksUri }
    expect(await codeOf({ [place]: named, [jwksUri]: jwks }, { issuer: `${issuer}/t1` })).toBe('accepted')
  })
})

describe('R-KEY-10: a document', () => {
  const redirectTo = (location: string) => () => new Response(null, { status: 302, headers: { location } })
  const text = (body: string) => () => new Response(body)

  it.each<[string, WebDocuments]>([
    ['is not found', {}],
    ['is answered with another status', { [jwksUri]: () => Response.json(jwks, { status: 203 }) }],
    ['is no JSON', { [jwksUri]: text('<html>') }],
    ['is no JSON object', { [jwksUri]: text('[]') }],
    ['has a member twice', { [jwksUri]: text(`{"keys":[],"keys":${JSON.stringify(jwks.keys)}}`) }],
    ['is larger than 256 KiB', { [jwksUri]: { ...jwks, more: 'x'.repeat(262_144) } }],
    [
      'is redirected to another host',
      { [jwksUri]: redirectTo('https://cdn.example.com/'), 'https://cdn.example.com/': jwks },
    ],
    ['is redirected to this host', { [jwksUri]: redirectTo('http://localhost/'), 'http://localhost/': jwks }],
    ['is redirected without end', { [jwksUri]: redirectTo(jwksUri) }],
  ])('R-KEY-10 that %s is not used', async (_, documents) => {
    expect(await codeOf(documents, { jwksUri })).toBe('keys_unavailable')
  })

  it('R-KEY-10 may be redirected on its own origin', async () => {
    expect(await codeOf({ [jwksUri]: redirectTo('/keys'), [`${issuer}/keys`]: jwks }, { jwksUri })).toBe('accepted')
  })

  it.each(['http://idp.example.com/jwks', 'http://localhost/jwks', 'http://169.254.169.254/', 'file:///etc/passwd'])(
    'R-KEY-10 names no `jwks_uri` such as %s',
    async (place) => {
      const { code, web } = await judge({ [issuer + oidc]: { issuer, jwks_uri: place }, [place]: jwks })
      expect(code).toBe('keys_unavailable')
      expect(web.asked).not.toContain(place)
    },
  )

  it.each(['http://idp.example.com/jwks', 'ftp://idp.example.com/jwks'])(
    'R-KEY-10 is not asked for at %s of the options either',
    (place) => {
      expect(() => build({ issuer, jwksUri: place })).toThrow(/`jwksUri` must be an https URL/)
    },
  )
})

describe('R-KEY-11 and R-KEY-12: a real issuer', () => {
  const clock = createTestClock(now)
  let idp: TestIssuer
  beforeEach(async () => {
    idp = await createTestIssuer({ clock })
  })
  afterEach(() => idp.close())

  /** Fetches keys as soon as it is built. */
  const protect = (): AnyVerifier =>
    build({ issuer: idp.issuer, audience: idp.audience, clock, keyLifetimes: { timeoutSeconds: 1 } })

  const strangers = (count: number) =>
    Promise.all(Array.from({ length: count }, (_, i) => idp.issue({}, { header: { kid: `random-${i}` } })))

  it('R-KEY-11 a rotation gets through with the very first token of the new key', async () => {
    const verifier = protect()
    expect(await verdict(verifier, await idp.issue())).toBe('accepted')
    await idp.rotate()
    expect(await verdict(verifier, await idp.issue())).toBe('accepted')
  })

  it('R-KEY-11 fifty unknown key ids at once cost two fetches at most, and a rotation after them gets through', async () => {
    const verifier = protect()
    expect(await verdict(verifier, await idp.issue())).toBe('accepted')
    const before = idp.requests.jwks
    const flood = await strangers(50)
    expect(new Set(await Promise.all(flood.map((token) => verdict(verifier, token))))).toEqual(new Set(['key_unknown']))
    expect(idp.requests.jwks - before).toBeLessThanOrEqual(2)
    await idp.rotate()
    expect(await verdict(verifier, await idp.issue())).toBe('accepted')
  })

  it('R-KEY-11 fifty unknown key ids one after the other cost a few fetches, and good tokens nothing', async () => {
    const verifier = protect()
    expect(await verdict(verifier, await idp.issue())).toBe('accepted')
    const before = idp.requests.jwks
    for (const token of await strangers(50)) expect(await verdict(verifier, token)).toBe('key_unknown')
    expect(idp.requests.jwks - before).toBeLessThanOrEqual(3)
    expect(await verdict(verifier, await idp.issue())).toBe('accepted')
  })

  it('R-KEY-11 all who come before there is a key share one fetch', async () => {
    const tokens = await Promise.all(Array.from({ length: 50 }, () => idp.issue()))
    const verifier = protect()
    const verdicts = await Promise.all(tokens.map((token) => verdict(verifier, token)))
    expect(new Set(verdicts)).toEqual(new Set(['accepted']))
    expect(idp.requests).toEqual({ metadata: 1, jwks: 1 })
  })

  it.each<[string, () => unknown]>([
    ['answers 500', () => idp.fail(500)],
    ['answers 404', () => idp.fail(404)],
    ['does not answer', () => idp.hang()],
    ['is gone', () => idp.close()],
    ['answers nonsense', () => idp.garble('nonsense')],
  ])('R-KEY-12 a token is answered with 503 while its issuer %s, good or forged', async (_, happen) => {
    const tokens = [await idp.issue(), signer.token({}, { iss: idp.issuer }), ...(await strangers(1))]
    await happen()
    const verifier = protect()
    const answers = await Promise.all(tokens.map((token) => answer(verifier, token)))
    expect(answers).toEqual(tokens.map(() => ({ status: 503, code: 'keys_unavailable' })))
  })

  it('R-KEY-12 a token that is wrong without looking at keys is still the caller’s fault', async () => {
    idp.fail()
    const wrong = await idp.issue({ iss: 'https://evil.example' })
    expect(await answer(protect(), wrong)).toEqual({ status: 401, code: 'issuer_untrusted' })
  })
})
