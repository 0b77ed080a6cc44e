// The verified-token cache through the verifier: a token is seen once, remembered as proven; seen again, remembered with
// its facts; and from the third sight on it is one look-up. Whatever is promised must hold at each of the three.
import { afterAll, describe, expect, it } from 'vitest'
import { createTestClock, createTestIssuer } from './testing.js'
import { createVerifier, type Verifier } from './verifier.js'
import type { VerifierOptions } from './verifier-options.js'

const clock = createTestClock()
const idp = await createTestIssuer({ clock })
afterAll(() => idp.close())

const inline = { issuer: idp.issuer, audience: idp.audience, jwks: idp.jwks, clock }

async function verdict(token: string, by: Verifier<unknown>): Promise<string> {
  return by.verifyToken(token).then(
    () => 'allowed',
    ({ code }: { code: string }) => code,
  )
}

/** A verifier that has seen a token so many times. */
async function verifierThatHasSeen(
  token: string,
  sights: number,
  options: Partial<VerifierOptions> = {},
): Promise<Verifier<unknown>> {
  const verifier = createVerifier({ ...inline, ...options } as VerifierOptions) as Verifier<unknown>
  for (let sight = 0; sight < sights; sight++) expect(await verdict(token, verifier)).toBe('allowed')
  return verifier
}

/** A schema that counts how often it is asked: a look-up does not ask it. */
function countingSchema() {
  const counted = { calls: 0, schema: { '~standard': { version: 1, vendor: 'test', validate } } as const }
  function validate(value: unknown) {
    counted.calls += 1
    return { value }
  }
  return counted
}

describe.each([0, 1, 2, 3])('after %i sights', (sights) => {
  const now = clock()

  it('an expired token is refused from the very second on', async () => {
    const token = await idp.issue({ exp: now + 60 })
    const verifier = await verifierThatHasSeen(token, sights)
    clock.set(now + 60 + 29)
    expect(await verdict(token, verifier)).toBe('allowed')
    clock.set(now + 60 + 30)
    expect(await verdict(token, verifier)).toBe('token_expired')
    clock.set(now)
  })

  it('no tolerance is added where none is given', async () => {
    const token = await idp.issue({ exp: now + 60 })
    const verifier = await verifierThatHasSeen(token, sights, { clockToleranceSeconds: 0 })
    clock.set(now + 59)
    expect(await verdict(token, verifier)).toBe('allowed')
    clock.set(now + 60)
    expect(await verdict(token, verifier)).toBe('token_expired')
    clock.set(now)
  })

  it('a token too old is refused', async () => {
    const token = await idp.issue({ iat: now, exp: now + 600 })
    const verifier = await verifierThatHasSeen(token, sights, { maxTokenAgeSeconds: 60 })
    clock.set(now + 60 + 30)
    expect(await verdict(token, verifier)).toBe('token_too_old')
    clock.set(now)
  })

  it.each(['nbf', 'iat'])('a token whose %s lies ahead again, for the clock was set back, is refused', async (name) => {
    const token = await idp.issue({ iat: undefined, [name]: now, exp: now + 600 })
    const verifier = await verifierThatHasSeen(token, sights)
    clock.set(now - 30)
    expect(await verdict(token, verifier)).toBe('allowed')
    clock.set(now - 31)
    expect(await verdict(token, verifier)).toBe('token_not_active')
    clock.set(now)
  })

  it('a token that differs in one character anywhere is refused', async () => {
    const token = await idp.issue()
    const verifier = await verifierThatHasSeen(token, sights)
    for (let i = 0; i < token.length; i++) {
      const other = token[i] === 'A' ? 'B' : 'A'
      expect(await verdict(token.slice(0, i) + other + token.slice(i + 1), verifier), `character ${i}`).not.toBe(
        'allowed',
      )
    }
    expect(await verdict(token, verifier)).toBe('allowed')
  })

  it('a token of the same bytes, parted elsewhere, is refused', async () => {
    const spaces = Buffer.from('   ').toString('base64url') // four characters: the tail of the token stays as it was
    const claims = { iss: idp.issuer, aud: idp.audience, exp: now + 60 }
    const token = await idp.key.sign(
      `${JSON.stringify(claims)}${' '.repeat(6 - (JSON.stringify(claims).length % 3))}`,
      { typ: 'at+jwt' },
    )
    const [header, payload = '', signature] = token.split('.')
    const verifier = await verifierThatHasSeen(token, sights)
    expect(payload.endsWith(spaces)).toBe(true)
    expect(await verdict(`${header}.${payload.slice(0, -4)}.${spaces}${signature}`, verifier)).toBe('signature_invalid')
  })
})

describe('what is remembered', () => {
  it('is one look-up from the third sight on', async () => {
    const counted = countingSchema()
    const verifier = await verifierThatHasSeen(await idp.issue(), 5, { claims: counted.schema })
    expect(counted.calls).toBe(2)
    await verifier.close()
  })

  it('is nothing where the cache is turned off', async () => {
    const counted = countingSchema()
    await verifierThatHasSeen(await idp.issue(), 5, { claims: counted.schema, tokenCacheBytes: 0 })
    expect(counted.calls).toBe(5)
  })

  it('is bounded in bytes: what does not fit is verified again', async () => {
    const counted = countingSchema()
    await verifierThatHasSeen(await idp.issue(), 5, { claims: counted.schema, tokenCacheBytes: 500 })
    expect(counted.calls).toBe(5)
  })

  it('belongs to one verifier', async () => {
    const token = await idp.issue()
    await verifierThatHasSeen(token, 3)
    expect(await verdict(token, createVerifier({ ...inline, audience: 'other' }))).toBe('audience_mismatch')
    const counted = countingSchema()
    await verifierThatHasSeen(token, 2, { claims: counted.schema })
    expect(counted.calls).toBe(2)
  })

  it('is frozen: what one request does to its claims, no other sees', async () => {
    const verifier = createVerifier(inline)
    const token = await idp.issue({ scope: 'read', address: { lines: ['one'] }, roles: ['user'] })
    for (let sight = 0; sight < 4; sight++) {
      const { claims, scopes, roles } = await verifier.verifyToken(token)
      const { address } = claims as unknown as { address: { lines: string[] } }
      expect(() => Object.assign(claims, { sub: 'root' })).toThrow(TypeError)
      expect(() => Object.assign(address, { city: 'x' })).toThrow(TypeError)
      expect(() => address.lines.push('two')).toThrow(TypeError)
      expect(() => (scopes as string[]).push('admin')).toThrow(TypeError)
      expect(() => (roles as string[]).push('admin')).toThrow(TypeError)
    }
  })

  it('is not what one request writes on its principal', async () => {
    const verifier = createVerifier(inline)
    const token = await idp.issue({ sub: 'ann' })
    for (let sight = 0; sight < 4; sight++) {
      const auth = await verifier.verifyToken(token)
      expect(auth.subject).toBe('ann')
      Object.assign(auth, { subject: 'root', scopes: ['admin'] })
    }
  })

  it('is asked for by every token on its own, however many come at once', async () => {
    const verifier = createVerifier(inline)
    const tokens = await Promise.all(['ann', 'bob'].map((sub) => idp.issue({ sub })))
    const many = Array.from({ length: 30 }, (_, i) => tokens[i % 2] as string)
    const subjects = (await Promise.all(many.map((token) => verifier.verifyToken(token)))).map(({ subject }) => subject)
    expect(subjects).toEqual(many.map((_, i) => (i % 2 === 0 ? 'ann' : 'bob')))
  })
})

describe('recall', () => {
  it('answers at once from the third sight on, and before that nothing', async () => {
    const verifier = createVerifier(inline)
    const token = await idp.issue({ sub: 'ann' })
    for (let sight = 0; sight < 2; sight++) {
      expect(verifier.recall(token)).toBeUndefined()
      await verifier.verifyToken(token)
    }
    expect(verifier.recall(token)).toMatchObject({ subject: 'ann', token })
    expect(verifier.recall(await idp.issue({ sub: 'ann' }))).toBeUndefined()
  })

  it('answers nothing of a token that has expired, or is not valid yet', async () => {
    const now = clock()
    const token = await idp.issue({ exp: now + 60 })
    const verifier = await verifierThatHasSeen(token, 2)
    clock.set(now + 90)
    expect(verifier.recall(token)).toBeUndefined()
    clock.set(now - 31)
    expect(verifier.recall(token)).toBeUndefined()
    clock.set(now)
    expect(verifier.recall(token)).toBeDefined()
  })

  it('answers nothing of a token whose key may be out of force', async () => {
    const verifier = createVerifier({ issuer: idp.issuer, audience: idp.audience, clock })
    const now = clock()
    const token = await idp.issue({ exp: now + 3_600 })
    for (let sight = 0; sight < 2; sight++) await verifier.verifyToken(token)
    expect(verifier.recall(token)).toBeDefined()
    clock.set(now + 300) // the set has to be fetched again
    expect(verifier.recall(token)).toBeUndefined()
    clock.set(now)
    await verifier.close()
  })

  it('refuses a bound token, and answers nobody after close', async () => {
    const verifier = createVerifier(inline)
    const token = await idp.issue({ cnf: { jkt: 'x' } })
    for (let sight = 0; sight < 2; sight++) expect(await verdict(token, verifier)).toBe('binding_missing')
    expect(() => verifier.recall(token)).toThrow(expect.objectContaining({ code: 'binding_missing' }))
    await verifier.close()
    expect(() => verifier.recall(token)).toThrow('closed')
  })

  it('knows nothing where the cache is turned off', async () => {
    const token = await idp.issue()
    expect((await verifierThatHasSeen(token, 3, { tokenCacheBytes: 0 })).recall(token)).toBeUndefined()
  })

  it.each(['', 7, {}])('knows nothing of %j', (token) => {
    expect(createVerifier(inline).recall(token as never)).toBeUndefined()
  })

  // It reads the length of what it was not given.
  it.each([undefined, null])('knows nothing of %j', (token) => {
    expect(createVerifier(inline).recall(token as never)).toBeUndefined()
  })
})
