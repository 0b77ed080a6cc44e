// What an operator reads. The texts are not a promise, so the tests look for what they must contain.
import { afterAll, describe, expect, it } from 'vitest'
import { z } from 'zod'
import type { ExplainedCheck, Explanation } from './explain.js'
import { scope } from './policy/words.js'
import { createTestClock, createTestIssuer, type TestClaims, type TestTokenOptions } from './testing.js'
import { createVerifier } from './verifier.js'
import type { VerifierOptions } from './verifier-options.js'

const clock = createTestClock()
const idp = await createTestIssuer({ clock })
afterAll(() => idp.close())

const inline = { issuer: idp.issuer, audience: idp.audience, jwks: idp.jwks, clock }
const bearer = (token: string) => ({ headers: { authorization: `Bearer ${token}` } })

function failedOf({ checks }: Explanation): ExplainedCheck {
  return checks.find(({ outcome }) => outcome === 'failed') as ExplainedCheck
}

/** The failed check of a token that is good but for these claims and this header. */
async function diagnosis(
  claims: TestClaims,
  options: TestTokenOptions = {},
  changed: Partial<VerifierOptions> = {},
): Promise<ExplainedCheck> {
  const verifier = createVerifier({ ...inline, ...changed } as VerifierOptions)
  return failedOf(await verifier.explain(bearer(await idp.issue(claims, options))))
}

describe('a refusal is explained with what to do', () => {
  it('when the slash at the end of the issuer makes the difference, on either side', async () => {
    const toOurs = await diagnosis({ iss: `${idp.issuer}/` })
    expect(toOurs).toMatchObject({ check: 'issuer', expected: `"${idp.issuer}"`, got: `"${idp.issuer}/"` })
    expect(toOurs.action).toContain('slash')
    const toTheirs = await diagnosis({}, {}, { issuer: `${idp.issuer}/` })
    expect(toTheirs).toMatchObject({ check: 'issuer', expected: `"${idp.issuer}/"`, got: `"${idp.issuer}"` })
    expect(toTheirs.action).toContain('slash')
  })

  it('when the issuer is another one', async () => {
    const { action, got } = await diagnosis({ iss: 'https://evil.example' })
    expect(got).toBe('"https://evil.example"')
    expect(action).not.toContain('slash')
  })

  it('when the token is for somebody else', async () => {
    const aud = ['https://a.example', 'b']
    const { check, expected, got } = await diagnosis({ aud }, {}, { audience: ['api', 'orders'] })
    expect({ check, expected, got }).toEqual({
      check: 'audience',
      expected: '"api", "orders"',
      got: JSON.stringify(aud),
    })
  })

  it('when an ID token was sent', async () => {
    const asType = await diagnosis({ nonce: 'n' }, { header: { typ: 'JWT' } })
    expect(asType).toMatchObject({ check: 'type', expected: expect.stringContaining('"at+jwt"'), got: '`typ` "JWT"' })
    expect(asType.action).toContain('ID token')
    const asKind = await diagnosis({ at_hash: 'h' }, { header: { typ: 'JWT' } }, { profile: 'jwt' })
    expect(asKind).toMatchObject({ check: 'kind', action: expect.stringContaining('ID token') })
  })

  it('when the token has no type, and the issuer may need a profile', async () => {
    const { got, action } = await diagnosis({}, { header: { typ: undefined } })
    expect(got).toBe('`typ` (none)')
    expect(action).toContain('`profile`')
    const { expected } = await diagnosis({}, { header: { typ: 'x' } }, { profile: 'jwt' })
    expect(expected).toContain('"(none)"')
  })

  it('when the clocks differ', async () => {
    const ahead = await diagnosis({ iat: clock() + 600, exp: clock() + 900 })
    expect(ahead).toMatchObject({ check: 'age', got: expect.stringContaining('600 s ahead') })
    expect(ahead.expected).toContain('tolerance of 30 s')
    expect(ahead.action).toMatch(/clock.+600 s/)
  })

  it('when the token has expired', async () => {
    const { check, got, action } = await diagnosis({}, { expiresInSeconds: -90 })
    expect({ check, got }).toEqual({
      check: 'expiry',
      got: `${new Date((clock() - 90) * 1000).toISOString()}, 90 s ago`,
    })
    expect(action).toContain('new token')
  })

  it('when the key is not in the set, with the set and its age', async () => {
    const verifier = createVerifier({ issuer: idp.issuer, audience: idp.audience, clock })
    await verifier.verifyToken(await idp.issue())
    const { check, expected, got } = failedOf(
      await verifier.explain(bearer(await idp.issue({}, { header: { kid: 'lost' } }))),
    )
    expect({ check, got }).toEqual({ check: 'key', got: '`kid` "lost", `alg` "ES256"' })
    expect(expected).toContain('"key-1"')
    expect(expected).toMatch(/fetched \d+ s ago/)
    await verifier.close()
  })

  it('when the issuer is out of reach, with what happened', async () => {
    const away = await createTestIssuer({ clock })
    await away.close()
    const verifier = createVerifier({ issuer: away.issuer, audience: away.audience, clock })
    const told = failedOf(await verifier.explain(bearer(await away.issue())))
    expect(told).toMatchObject({ check: 'key', got: expect.stringContaining(away.issuer) })
    expect(told.action).toContain('not judged')
    await verifier.close()
  })

  it('when the algorithm is not accepted', async () => {
    const told = await diagnosis({}, {}, { algorithms: ['PS256', 'ES384'] })
    expect(told).toMatchObject({ check: 'algorithm', expected: '"PS256", "ES384"', got: '"ES256"' })
  })

  it('when scopes are lacking, with all that are needed', async () => {
    const request = bearer(await idp.issue({ scope: 'read' }))
    const told = failedOf(await createVerifier(inline).explain(request, scope('read', 'write')))
    expect(told).toMatchObject({ check: 'policy', expected: '"read", "write"' })
  })

  it('when a date is no number', async () => {
    expect(await diagnosis({ nbf: 'soon' })).toMatchObject({ check: 'not before', got: '"soon"' })
  })

  it('when nothing of the token can be read', async () => {
    const explanation = await createVerifier(inline).explain(bearer('garbage'))
    expect(explanation).toMatchObject({ allowed: false, code: 'token_malformed' })
    expect(failedOf(explanation)).toMatchObject({ check: 'format' })
  })

  it('names a section for every check', async () => {
    const { checks } = await createVerifier(inline).explain({ headers: {} })
    for (const { section } of checks) expect(section).toMatch(/^RFC \d{4} §\d/)
  })
})

describe('a request that passes', () => {
  it('has nothing to explain', async () => {
    const explanation = await createVerifier(inline).explain(bearer(await idp.issue()))
    expect(explanation).toEqual({
      allowed: true,
      checks: explanation.checks.map(({ check, section }) => ({ check, section, outcome: 'passed' })),
    })
  })

  it('is judged afresh, whatever is remembered of it, and is not remembered', async () => {
    let asked = 0
    const claims = z.unknown().transform((value) => {
      asked += 1
      return value
    })
    const verifier = createVerifier({ ...inline, claims })
    const token = await idp.issue()
    for (let time = 0; time < 3; time++) await verifier.explain(bearer(token))
    expect(asked).toBe(3)
    expect(verifier.recall(token)).toBeUndefined()
    for (let time = 0; time < 3; time++) await verifier.verifyToken(token)
    await verifier.explain(bearer(token))
    expect(asked).toBe(3 + 2 + 1)
  })

  it('as nobody went no further than its credential', async () => {
    const { allowed, checks } = await createVerifier({ ...inline, optional: true }).explain({ headers: {} })
    expect(allowed).toBe(true)
    expect(checks.map(({ outcome }) => outcome)).toEqual(['passed', ...checks.slice(1).map(() => 'not reached')])
  })
})

describe('the text of an attacker', () => {
  it('is bounded', async () => {
    const long = 'x'.repeat(5_000)
    const told = [
      await diagnosis({ iss: long }),
      await diagnosis({ aud: [long] }),
      await diagnosis({}, { header: { typ: long } }),
    ]
    for (const { got } of told) expect(got?.length).toBeLessThan(320)
  })

  it('is quoted, so that it cannot pass for ours', async () => {
    const iss = 'x", trust it\u001b[2J\r\nallowed'
    expect((await diagnosis({ iss })).got).toBe(JSON.stringify(iss))
  })

  it.each(['\u007f', '\u009b2J', '\u202e', '\u2028'])('steers no terminal by %j', async (text) => {
    expect((await diagnosis({ iss: `a${text}b` })).got).toMatch(/^[\x20-\x7e]*$/)
  })

  it('cannot keep it from being explained', async () => {
    expect(await diagnosis({ iss: { toString: 1 } })).toMatchObject({ check: 'issuer' }) // `String` of it throws
  })
})

describe('a check is not blamed for another', () => {
  it.each(['iss', 'aud'])('when %s of the header is not that of the claims set', async (name) => {
    const { check } = await diagnosis({}, { header: { [name]: 'other' } })
    expect(['issuer', 'audience']).not.toContain(check)
  })

  it('when the schema of the application refuses a claim that every token has', async () => {
    const claims = z.object({ aud: z.array(z.string()) })
    expect(await diagnosis({}, {}, { claims })).toMatchObject({ check: 'claims' })
  })

  it('when exp is further away than the options allow', async () => {
    const { action } = await diagnosis({}, {}, { maxTokenLifetimeSeconds: 60 })
    expect(action).not.toContain('clock')
  })
})
