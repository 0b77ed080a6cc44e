// Failed attempts through the verifier: who has to wait, and who does not. What counts is tested in `attempts/`.
import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { afterAll, beforeEach, describe, expect, it } from 'vitest'
import type { Decision } from './decision.js'
import { ConfigurationError } from './errors.js'
import type { DecisionEvent } from './events.js'
import { scope } from './policy/words.js'
import { createMemoryState } from './state/memory-state.js'
import { createTestClock, createTestIssuer, createTestKey } from './testing.js'
import { createVerifier, type Verifier } from './verifier.js'
import type { VerifierOptions } from './verifier-options.js'

const clock = createTestClock()
const start = Math.ceil(clock() / 60) * 60
const idp = await createTestIssuer({ clock })
afterAll(() => idp.close())
const stranger = await createTestKey('ES256', idp.key.kid)

const inline = { issuer: idp.issuer, audience: idp.audience, jwks: idp.jwks, clock }
const limited: VerifierOptions = { ...inline, trustedProxies: [], failedAttempts: { limit: 3, windowSeconds: 60 } }
const [home, elsewhere] = ['192.0.2.1', '192.0.2.2']

let verifier = createVerifier(limited) as Verifier
beforeEach(() => {
  clock.set(start)
  verifier = createVerifier(limited) as Verifier
})

const good = (claims: object = {}) => idp.issue({ scope: 'read', ...claims })
const forged = (claims: object = {}) => idp.issue({ ...claims }, { key: stranger })
const foreign = (claims: object = {}) => idp.issue({ ...claims, aud: 'https://other.example' })
const request = (token: string, remoteAddress: string | undefined = home, headers: object = {}) => ({
  headers: { authorization: `Bearer ${token}`, ...headers },
  remoteAddress,
})

const codeOf = (decision: Decision<unknown>): string => (decision.allowed ? 'allowed' : decision.code)
const ask = async (...shown: Parameters<typeof request>): Promise<string> =>
  codeOf(await verifier.verify(request(...shown)))

async function fail(times: number, token: () => Promise<string> = forged, from: string = home): Promise<void> {
  for (let each = 0; each < times; each++) expect(await ask(await token(), from)).not.toMatch(/allowed|attempts/)
}

describe('RFC 6585 §4: an address that sends bad tokens', () => {
  it('is answered 429, with Retry-After and without a challenge', async () => {
    await fail(3)
    const decision = (await verifier.verify(request(await forged()))) as Decision & { allowed: false }
    expect(decision).toMatchObject({ code: 'attempts_exceeded', status: 429, headers: { 'Retry-After': '60' } })
    expect(decision.headers).not.toHaveProperty('WWW-Authenticate')
  })

  it('passes with a new good token up to the limit, and not beyond', async () => {
    await fail(2)
    expect(await ask(await good())).toBe('allowed')
    await fail(1)
    expect(await ask(await good())).toBe('attempts_exceeded')
    expect(await ask(await good(), elsewhere)).toBe('allowed')
  })

  it('is answered at once, before its token is looked at', async () => {
    await fail(3)
    for (const token of [await forged(), 'a.b'])
      expect(verifier.decide(request(token))).toMatchObject({ code: 'attempts_exceeded' })
  })

  it.each([1, 2])('passes with a token that was verified here %i times', async (sights) => {
    const token = await good()
    for (let sight = 0; sight < sights; sight++) expect(await ask(token, elsewhere)).toBe('allowed')
    await fail(3)
    expect(await ask(token)).toBe('allowed')
  })

  it('does not pass with a known token that was changed in one place', async () => {
    const token = await good()
    await ask(token, elsewhere)
    await fail(3)
    const [header = '', payload = '', signature = ''] = token.split('.')
    const parsed = JSON.parse(Buffer.from(header, 'base64url').toString()) as object
    const otherHeader = Buffer.from(JSON.stringify({ ...parsed, x: 1 })).toString('base64url')
    for (const changed of [
      [otherHeader, payload, signature],
      ['', payload, signature],
      [header, header, signature],
    ])
      expect(await ask(changed.join('.'))).toBe('attempts_exceeded')
  })

  it('may try again once the window has moved on', async () => {
    await fail(3)
    clock.set(start + 61)
    expect(await ask(await good())).toBe('allowed')
  })

  it('is still told what else is wrong, which costs nobody anything', async () => {
    await fail(3)
    expect(codeOf(await verifier.verify({ headers: {}, remoteAddress: home }))).toBe('credential_missing')
    expect(await ask('a b')).toBe('credential_malformed')
  })

  it('counts what is no token at all', async () => {
    await fail(3, async () => 'a b')
    expect(await ask(await good())).toBe('attempts_exceeded')
  })

  it('does not count tokens that have expired, what a policy denies, nor those who come without', async () => {
    await fail(4, () => idp.issue({ iat: start - 600, exp: start - 60 }))
    for (let each = 0; each < 4; each++) {
      expect(codeOf(await verifier.verify(request(await good()), scope('write')))).toBe('scope_insufficient')
      expect(codeOf(await verifier.verify({ headers: {}, remoteAddress: home }))).toBe('credential_missing')
    }
    expect(await ask(await good())).toBe('allowed')
  })

  it('is counted where it is seen: a verifier that shares the state knows it', async () => {
    const state = createMemoryState({ clock })
    verifier = createVerifier({ ...limited, state }) as Verifier
    await fail(3)
    verifier = createVerifier({ ...limited, state }) as Verifier
    expect(await ask(await good())).toBe('attempts_exceeded')
  })
})

describe('the address', () => {
  it('is the one that a trusted proxy names, and no other', async () => {
    verifier = createVerifier({ ...limited, trustedProxies: ['10.0.0.0/8'] }) as Verifier
    const through = (token: string, client: string) => ask(token, '10.0.0.1', { 'x-forwarded-for': client })
    for (let each = 0; each < 3; each++) expect(await through(await forged(), home)).toBe('signature_invalid')
    expect(await through(await good(), home)).toBe('attempts_exceeded')
    expect(await through(await good(), elsewhere)).toBe('allowed')
    // Who comes past the proxy has the address that he has.
    for (let each = 0; each < 3; each++)
      expect(await ask(await forged(), elsewhere, { 'x-forwarded-for': '198.51.100.7' })).toBe('signature_invalid')
    expect(await ask(await good(), elsewhere, { 'x-forwarded-for': '198.51.100.8' })).toBe('attempts_exceeded')
    expect(await through(await good(), '198.51.100.7')).toBe('allowed')
  })

  it('is blamed for nothing where it is not known', async () => {
    const unknown = { headers: {}, remoteAddress: undefined }
    for (let each = 0; each < 4; each++) {
      const token = await forged()
      const shown = { ...unknown, headers: { authorization: `Bearer ${token}` } }
      expect(codeOf(await verifier.verify(shown))).toBe('signature_invalid')
    }
  })

  it('must be known: a verifier that cannot know it does not build', () => {
    const { failedAttempts } = limited
    expect(() => createVerifier({ ...inline, failedAttempts } as VerifierOptions)).toThrow(ConfigurationError)
    expect(() => createVerifier({ ...inline, failedAttempts: false })).not.toThrow()
  })
})

describe('a client whose genuine tokens are refused', () => {
  const ann = { client_id: 'app', sub: 'ann' }

  it('has to wait, from wherever', async () => {
    await fail(3, () => foreign(ann))
    expect(await ask(await good(ann), elsewhere)).toBe('attempts_exceeded')
  })

  it('leaves alone the address, and whoever else uses that client', async () => {
    await fail(3, () => foreign(ann))
    expect(await ask(await good({ ...ann, sub: 'bob' }))).toBe('allowed')
    expect(await ask(await good({ ...ann, client_id: 'other' }))).toBe('allowed')
  })

  it('is not found by its name in tokens that nobody has signed', async () => {
    await fail(3, () => forged(ann))
    expect(await ask(await good(ann), elsewhere)).toBe('allowed')
  })

  it('passes with a token that was verified here before', async () => {
    const token = await good(ann)
    await ask(token)
    await fail(3, () => foreign(ann))
    expect(await ask(token)).toBe('allowed')
  })

  it('counts a revoked token where it is verified', async () => {
    verifier = createVerifier({ ...limited, tokenCacheBytes: 0 }) as Verifier
    const token = await good({ ...ann, jti: 'gone' })
    await verifier.revoke({ jti: 'gone' })
    await fail(3, async () => token)
    expect(await ask(await good(ann), elsewhere)).toBe('attempts_exceeded')
  })
})

describe('a flood of key ids', () => {
  it('locks out whoever sends it, and nobody whose new key it keeps from being looked for', async () => {
    const rotating = await createTestIssuer({ clock })
    const { issuer, audience } = rotating
    const { trustedProxies, failedAttempts } = limited as Required<VerifierOptions>
    verifier = createVerifier({ issuer, audience, clock, trustedProxies, failedAttempts }) as Verifier
    try {
      const [first, before] = [await rotating.issue(), await rotating.issue()]
      expect(await ask(first, home)).toBe('allowed')
      for (const kid of ['a', 'b', 'c']) // each is looked for, and then there is no budget for 20 seconds
        expect(await ask(await rotating.issue({}, { header: { kid } }), elsewhere)).toBe('key_unknown')
      expect(await ask(before, elsewhere)).toBe('attempts_exceeded')
      await rotating.rotate()
      for (let each = 0; each < 5; each++) expect(await ask(await rotating.issue(), home)).toBe('key_unknown')
      expect(await ask(before, home)).toBe('allowed')
    } finally {
      await verifier.close()
      await rotating.close()
    }
  })
})

describe('the operator', () => {
  it.each([
    ['an address', forged, /address/],
    ['a client', () => foreign({ client_id: 'app', sub: 'ann' }), /client and subject/],
  ])('hears that it was the limit of %s, and not which', async (_, bad, which) => {
    await fail(3, bad)
    const heard: DecisionEvent[] = []
    const listen = (event: unknown) => void heard.push(event as DecisionEvent)
    subscribe('sallyport:decision', listen)
    const token = await good({ client_id: 'app', sub: 'ann' })
    await ask(token)
    unsubscribe('sallyport:decision', listen)
    const { code, reason, checks } = await verifier.explain(request(token))
    expect(heard).toEqual([{ allowed: false, code: 'attempts_exceeded', reason: expect.stringMatching(which) }])
    expect({ code, reason }).toEqual({ code: 'attempts_exceeded', reason: heard[0]?.reason })
    const failed = checks.find(({ outcome }) => outcome === 'failed')
    expect(failed).toMatchObject({ check: 'attempts', section: 'RFC 6585 §4' })
    for (const text of [JSON.stringify(heard), JSON.stringify(checks)]) {
      expect(text).not.toContain(home)
      expect(text).not.toContain('"app"')
    }
  })

  it('counts nothing by asking why', async () => {
    await fail(2)
    for (let each = 0; each < 5; each++) await verifier.explain(request(await forged()))
    expect(await ask(await good())).toBe('allowed')
  })

  it('is not told of a limit that the request does not meet', async () => {
    const token = await good()
    await ask(token)
    await fail(3)
    expect(await verifier.explain(request(token))).toMatchObject({ allowed: true })
  })
})

it('nobody waits for a bare token', async () => {
  await fail(3)
  await expect(verifier.verifyToken(await good())).resolves.toMatchObject({ issuer: idp.issuer })
  await expect(verifier.verifyToken(await forged())).rejects.toMatchObject({ code: 'signature_invalid' })
})

it('nobody is counted unless somebody asked for it', async () => {
  verifier = createVerifier({ ...inline, trustedProxies: [] }) as Verifier
  await fail(10)
  expect(await ask(await good())).toBe('allowed')
})
