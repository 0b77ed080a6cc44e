// The promises about keys that are fetched: 5, 6 and 7. The set itself is tested in `keys/`.
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { Decision, Denied } from './decision.js'
import { createTestClock, createTestIssuer, createTestKey, type TestIssuer } from './testing.js'
import { createVerifier, type Verifier } from './verifier.js'

const clock = createTestClock()
let idp: TestIssuer
let built: Verifier | undefined
let timeoutSeconds: number

beforeEach(async () => {
  idp = await createTestIssuer({ clock })
  timeoutSeconds = 5
})
afterEach(async () => {
  await built?.close()
  built = undefined
  await idp.close()
})

/** Built when it is first needed, for it fetches keys as soon as it is built. */
function verify(token: string): Promise<Decision> {
  built ??= createVerifier({ issuer: idp.issuer, audience: idp.audience, clock, keyLifetimes: { timeoutSeconds } })
  return built.verify({ headers: { authorization: `Bearer ${token}` } })
}

async function verdict(token: string): Promise<string> {
  const decision = await verify(token)
  return decision.allowed ? 'allowed' : decision.code
}

const aDay = { expiresInSeconds: 86_400 }

describe('Promise 5: an outage of ours is never the caller’s fault', () => {
  const outages: [string, () => void | Promise<void>][] = [
    ['answers 500', () => idp.fail(500)],
    ['answers 404', () => idp.fail(404)],
    ['answers 401', () => idp.fail(401)],
    ['is gone', () => idp.close()],
    ['answers nonsense', () => idp.garble('<html>maintenance</html>')],
    ['answers nothing', () => idp.garble('')],
    ['names another issuer in its metadata', () => idp.lie({ issuer: `${idp.issuer}/` })],
    [
      'does not answer in time',
      () => {
        idp.hang()
        timeoutSeconds = 1
      },
    ],
    ['has no jwks_uri', () => idp.lie({ jwks_uri: undefined })],
  ]

  it.each(outages)('503 with Retry-After, not 401, when the issuer %s', async (_, happen) => {
    const token = await idp.issue()
    await happen()
    const denied = (await verify(token)) as Denied
    expect(denied).toMatchObject({ allowed: false, code: 'keys_unavailable', status: 503 })
    expect(Number(denied.headers['Retry-After'])).toBeGreaterThanOrEqual(1)
    expect(denied.headers).not.toHaveProperty('WWW-Authenticate')
  })

  it('401 all the same for what is wrong before any key is needed', async () => {
    idp.fail()
    expect(await verdict('garbage')).toBe('token_malformed')
    expect(await verdict(await idp.issue({ iss: 'https://evil.example' }))).toBe('issuer_untrusted')
    expect(await verdict(await idp.issue({}, { header: { typ: 'JWT' } }))).toBe('token_type_rejected')
  })

  it('an issuer that is down while we start is asked again when a token comes', async () => {
    const token = await idp.issue()
    idp.fail()
    expect(await verdict(token)).toBe('keys_unavailable')
    idp.recover()
    expect(await verdict(token)).toBe('allowed')
  })

  it('the last good set serves until its bound, and then nobody passes', async () => {
    const token = await idp.issue({}, aDay)
    expect(await verdict(token)).toBe('allowed')
    idp.fail()
    clock.advance(300 + 3_599) // the lifetime by Cache-Control, and staleSeconds but one
    expect(await verdict(token)).toBe('allowed')
    clock.advance(1)
    expect(await verdict(token)).toBe('keys_unavailable')
  })
})

describe('Promise 6: removing a key revokes it', () => {
  it.each([1, 2, 3])('a token seen %i times is refused within the refresh interval', async (sights) => {
    const token = await idp.issue({}, aDay)
    for (let sight = 0; sight < sights; sight++) expect(await verdict(token)).toBe('allowed')
    const old = idp.key.kid
    await idp.rotate()
    idp.dropKey(old)
    clock.advance(299)
    await verify(await idp.issue()) // the new key asks for the set
    expect(await verdict(token)).toBe('key_unknown')
  })

  it('nothing but the passing of time is needed', async () => {
    const token = await idp.issue({}, aDay)
    for (let sight = 0; sight < 3; sight++) expect(await verdict(token)).toBe('allowed')
    const old = idp.key.kid
    await idp.rotate()
    idp.dropKey(old)
    clock.advance(300)
    expect(await verdict(token)).toBe('key_unknown')
  })

  it('a key replaced by another of the same id proves its tokens no more', async () => {
    const token = await idp.issue({}, aDay)
    for (let sight = 0; sight < 3; sight++) expect(await verdict(token)).toBe('allowed')
    const { publicJwk } = await createTestKey('ES256', idp.key.kid)
    idp.garble(JSON.stringify({ keys: [publicJwk] }))
    clock.advance(300)
    expect(await verdict(token)).toBe('signature_invalid')
  })
})

describe('Promise 7: unknown key ids attack nobody', () => {
  const randomKid = () => ({ header: { kid: `random-${Math.random()}` } })

  it('fifty at once cost at most two fetches, and are refused', async () => {
    expect(await verdict(await idp.issue())).toBe('allowed')
    const tokens = await Promise.all(Array.from({ length: 50 }, () => idp.issue({}, randomKid())))
    const before = idp.requests.jwks
    expect(new Set(await Promise.all(tokens.map((token) => verdict(token))))).toEqual(new Set(['key_unknown']))
    expect(idp.requests.jwks - before).toBeLessThanOrEqual(2)
  })

  it('a rotation in the same second gets through, and good tokens all the while', async () => {
    const good = await idp.issue()
    expect(await verdict(good)).toBe('allowed')
    const flood = await Promise.all(Array.from({ length: 50 }, () => idp.issue({}, randomKid())))
    const refusals = flood.map((token) => verdict(token))
    await idp.rotate()
    const fresh = await Promise.all([idp.issue(), idp.issue()])
    expect(await Promise.all([...fresh, good].map((token) => verdict(token)))).toEqual([
      'allowed',
      'allowed',
      'allowed',
    ])
    await Promise.all(refusals)
    expect(idp.requests.jwks).toBeLessThanOrEqual(1 + 2 * 3) // the first, and the budget before and after the rotation
  })

  it('fifty one after the other cost at most three fetches', async () => {
    expect(await verdict(await idp.issue())).toBe('allowed')
    const before = idp.requests.jwks
    for (let i = 0; i < 50; i++) expect(await verdict(await idp.issue({}, randomKid()))).toBe('key_unknown')
    expect(idp.requests.jwks - before).toBeLessThanOrEqual(3)
  })
})
