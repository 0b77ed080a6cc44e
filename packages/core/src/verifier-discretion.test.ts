// The promises about what a token is good for and what is told of it: 8, 10 and 12.
import { inspect } from 'node:util'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { z } from 'zod'
import { scope } from './policy/words.js'
import { createTestClock, createTestIssuer, type TestClaims, type TestTokenOptions } from './testing.js'
import { createVerifier } from './verifier.js'

const clock = createTestClock()
const idp = await createTestIssuer({ clock })
afterAll(() => idp.close())

const inline = { issuer: idp.issuer, audience: idp.audience, jwks: idp.jwks, clock }
const bearer = (token: string) => ({ headers: { authorization: `Bearer ${token}` } })

describe('Promise 8: a bound token without its proof is refused', () => {
  const bindings = [
    { jkt: '0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I' },
    { 'x5t#S256': 'bwcK0esc3ACC3DB2Y5_lESsXE8o' },
    {},
    null,
  ]
  const withoutCnf = z.object({ sub: z.string() }) // strips what it does not name

  it.each(bindings)('as plain bearer, on first sight and on cache hits: cnf %j', async (cnf) => {
    const verifier = createVerifier(inline)
    const token = await idp.issue({ cnf })
    for (let sight = 0; sight < 4; sight++) {
      expect(await verifier.verify(bearer(token))).toMatchObject({
        allowed: false,
        code: 'binding_missing',
        status: 401,
      })
      await expect(verifier.verifyToken(token)).rejects.toMatchObject({ code: 'binding_missing' })
    }
  })

  it.each(bindings)('also where the schema of the application strips it: cnf %j', async (cnf) => {
    const verifier = createVerifier({ ...inline, claims: withoutCnf })
    const token = await idp.issue({ cnf })
    for (let sight = 0; sight < 4; sight++) {
      expect(await verifier.verify(bearer(token))).toMatchObject({ allowed: false, code: 'binding_missing' })
    }
  })

  it('a token bound to nobody passes', async () => {
    const verifier = createVerifier({ ...inline, claims: withoutCnf })
    expect(await verifier.verify(bearer(await idp.issue()))).toMatchObject({ allowed: true })
  })

  it('a DPoP credential is not read as bearer, whatever proof lies beside it', async () => {
    const headers = { authorization: `DPoP ${await idp.issue()}`, dpop: 'proof' }
    expect(await createVerifier(inline).verify({ headers })).toMatchObject({ code: 'credential_missing', status: 401 })
  })
})

describe('Promise 10: nothing secret leaves', () => {
  const verifier = createVerifier({
    ...inline,
    requiredClaims: ['tenant'],
    claims: z.object({ tenant: z.literal('t') }),
  })
  const secret = 'S3cret'
  beforeAll(() => verifier.revoke({ jti: secret }))
  const refusals: [string, TestClaims, TestTokenOptions][] = [
    ['key_unknown', {}, { header: { kid: secret } }],
    ['token_type_rejected', {}, { header: { typ: secret } }],
    ['token_malformed', {}, { header: { jku: secret } }],
    ['issuer_untrusted', { iss: secret }, {}],
    ['audience_mismatch', { aud: secret }, {}],
    ['claim_invalid', { exp: secret }, {}],
    ['claim_invalid', { sub: [secret] }, {}],
    ['claim_invalid', { tenant: secret }, {}],
    ['claim_missing', { [secret]: secret }, {}],
    ['token_expired', { sub: secret }, { expiresInSeconds: -31 }],
    ['binding_missing', { tenant: 't', cnf: { jkt: secret } }, {}],
    ['token_revoked', { tenant: 't', jti: secret }, {}],
    ['scope_insufficient', { tenant: 't', scope: secret }, {}],
  ]

  it.each(refusals)('not by %s %j %j', async (code, claims, options) => {
    const token = await idp.issue(claims, options)
    const decision = await verifier.verify(bearer(token), scope('read'))
    expect(decision).toMatchObject({ code })
    const error = await verifier.verifyToken(token).then(
      () => 'passed, for it is asked for no scope',
      (reason: unknown) => reason,
    )
    const shown = inspect([decision, error], { depth: null, showHidden: true })
    expect(shown).not.toContain(secret)
    for (const segment of token.split('.')) expect(shown).not.toContain(segment)
  })

  it('the same answer for equal codes, whatever was wrong', async () => {
    const answers = await Promise.all([
      verifier.verify(bearer(await idp.issue({ exp: 'x' }))),
      verifier.verify(bearer(await idp.issue({ sub: 7 }))),
      verifier.verify(bearer(await idp.issue({ tenant: 'x' }))),
    ])
    expect(answers[1]).toEqual(answers[0])
    expect(answers[2]).toEqual(answers[0])
  })

  it('a principal shows its claims, and its token to nobody who did not ask', async () => {
    const token = await idp.issue({ tenant: 't' })
    const auth = await verifier.verifyToken(token)
    expect(auth.token).toBe(token)
    expect(inspect({ auth }, { depth: null }) + JSON.stringify({ auth })).not.toContain(token.split('.')[2])
  })
})

describe('Promise 12: everything is bounded', () => {
  it('a token of the greatest length passes, and one that is a byte longer is refused', async () => {
    const token = await idp.issue()
    const exactly = createVerifier({ ...inline, maxTokenBytes: token.length })
    const shorter = createVerifier({ ...inline, maxTokenBytes: token.length - 1 })
    expect(await exactly.verify(bearer(token))).toMatchObject({ allowed: true })
    expect(await shorter.verify(bearer(token))).toMatchObject({ code: 'token_malformed' })
  })

  it('a token is 16 KiB at most by default', async () => {
    const verifier = createVerifier(inline)
    await expect(verifier.verifyToken('a'.repeat(16_385))).rejects.toThrow(/longer than 16384/)
    await expect(verifier.verifyToken('a'.repeat(16_384))).rejects.toThrow(/segments/)
  })
})
