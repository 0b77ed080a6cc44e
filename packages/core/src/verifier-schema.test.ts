// The schema of the application: any Standard Schema judges the claims, and types them.
import type { StandardSchemaV1 } from '@standard-schema/spec'
import { type } from 'arktype'
import * as v from 'valibot'
import { afterAll, describe, expect, expectTypeOf, it } from 'vitest'
import { z } from 'zod'
import type { Principal } from './decision.js'
import { createTestClock, createTestIssuer } from './testing.js'
import { createVerifier, type Verifier } from './verifier.js'

const clock = createTestClock()
const idp = await createTestIssuer({ clock })
afterAll(() => idp.close())

type Output<Schema extends StandardSchemaV1> = StandardSchemaV1.InferOutput<Schema>

const inline = { issuer: idp.issuer, audience: idp.audience, jwks: idp.jwks, clock }
const known = async (tenant: string): Promise<boolean> => tenant !== 'unknown'

const schemas = {
  zod: z.object({ tenant: z.string(), level: z.number().default(1) }),
  'zod, asynchronous': z.object({ tenant: z.string().refine(known), level: z.number().default(1) }),
  valibot: v.object({ tenant: v.string(), level: v.optional(v.number(), 1) }),
  'valibot, asynchronous': v.objectAsync({
    tenant: v.pipeAsync(v.string(), v.checkAsync(known)),
    level: v.optional(v.number(), 1),
  }),
  arktype: type({ tenant: 'string', level: 'number = 1' }),
}

describe.each(Object.entries(schemas))('a schema of %s', (name, claims) => {
  it('judges and fills the claims, on every sight of a token', async () => {
    const verifier = createVerifier({ ...inline, claims })
    const token = await idp.issue({ tenant: 't' })
    for (let sight = 0; sight < 4; sight++) {
      const { claims: typed, subject } = await verifier.verifyToken(token)
      expect(typed).toMatchObject({ tenant: 't', level: 1 })
      expect(subject).toBe('user-1')
    }
  })

  it('refuses claims that do not fit, on every sight of a token', async () => {
    const verifier = createVerifier({ ...inline, claims })
    for (const tenant of [undefined, 7, ...(name.includes('asynchronous') ? ['unknown'] : [])]) {
      const token = await idp.issue({ tenant })
      for (let sight = 0; sight < 3; sight++) {
        await expect(verifier.verifyToken(token)).rejects.toMatchObject({ code: 'claim_invalid', claim: 'tenant' })
      }
    }
  })

  it('cannot let pass what is refused before it', async () => {
    const verifier = createVerifier({ ...inline, claims })
    const token = await idp.issue({ tenant: 't' }, { expiresInSeconds: -31 })
    await expect(verifier.verifyToken(token)).rejects.toMatchObject({ code: 'token_expired' })
  })

  it('answers claims that nobody can change', async () => {
    const verifier = createVerifier({ ...inline, claims })
    const token = await idp.issue({ tenant: 't' })
    for (let sight = 0; sight < 4; sight++) {
      expect(Object.isFrozen((await verifier.verifyToken(token)).claims)).toBe(true)
    }
  })
})

describe('a schema', () => {
  it('may take away in place what it does not know, as arktype does', async () => {
    const claims = type({ '+': 'delete', tenant: 'string' })
    const auth = await createVerifier({ ...inline, claims }).verifyToken(await idp.issue({ tenant: 't' }))
    expect(auth.claims).toEqual({ tenant: 't' })
  })

  it('changes what the claims look like, not what the token was judged by', async () => {
    const claims = z.object({ scope: z.string() }).transform(() => ({ scope: 'admin', exp: 0, sub: 'root' }))
    const auth = await createVerifier({ ...inline, claims }).verifyToken(await idp.issue({ scope: 'read' }))
    expect(auth).toMatchObject({ subject: 'user-1', scopes: ['read'], expiresAt: clock() + 300 })
    expectTypeOf(auth.claims).toEqualTypeOf<{ scope: string; exp: number; sub: string }>()
  })

  it('that throws is a bug of the application: nobody passes, and nobody is told that the token is bad', async () => {
    const claims = z.string().transform((): never => {
      throw new RangeError('a bug in the schema')
    })
    const verifier = createVerifier({ ...inline, claims: z.object({ sub: claims }) })
    const headers = { authorization: `Bearer ${await idp.issue()}` }
    await expect(verifier.verify({ headers })).rejects.toThrow(RangeError)
  })
})

describe('the type of auth', () => {
  it('is a principal with the claims that come of the schema', async () => {
    const token = await idp.issue({ tenant: 't' })
    const { zod, valibot, arktype } = schemas
    const auth = await createVerifier({ ...inline, claims: zod }).verifyToken(token)
    expectTypeOf(auth.subject).toEqualTypeOf<string | undefined>()
    expectTypeOf(auth.claims).toEqualTypeOf<{ tenant: string; level: number }>()
    expectTypeOf(createVerifier({ ...inline, claims: valibot })).toEqualTypeOf<
      Verifier<Principal<Output<typeof valibot>>>
    >()
    expectTypeOf(createVerifier({ ...inline, claims: arktype })).toEqualTypeOf<
      Verifier<Principal<Output<typeof arktype>>>
    >()
    // @ts-expect-error: the schema knows no such claim
    expect(auth.claims.email).toBeUndefined()
  })

  it('may be undefined where the credential is optional, and nowhere else', async () => {
    const optional = await createVerifier({ ...inline, optional: true }).verify({ headers: {} })
    if (!optional.allowed) throw new Error(optional.code)
    // @ts-expect-error: nobody may be there
    expect(() => optional.auth.subject).toThrow(TypeError)
    expect(optional.auth?.subject).toBeUndefined()
    const token = await idp.issue()
    const required = await createVerifier({ ...inline, optional: false }).verify({
      headers: { authorization: `Bearer ${token}` },
    })
    if (!required.allowed) throw new Error(required.code)
    expect(required.auth.subject).toBe('user-1')
  })
})

describe('options that are wrong', () => {
  it('do not compile, and do not build', () => {
    // @ts-expect-error: no audience
    expect(() => createVerifier({ issuer: 'https://idp.example.com' })).toThrow('audience')
    // @ts-expect-error: no issuer
    expect(() => createVerifier({ audience: 'api' })).toThrow('issuer')
    // @ts-expect-error: nothing at all
    expect(() => createVerifier({})).toThrow('issuer')
    // @ts-expect-error: a record without its audience
    expect(() => createVerifier({ issuers: [{ issuer: 'https://idp.example.com' }] })).toThrow('audience')
    // @ts-expect-error: an audience beside the records
    expect(() => createVerifier({ audience: 'api', issuers: [inline] })).toThrow('audience')
    // @ts-expect-error: an option that does not exist
    expect(() => createVerifier({ ...inline, audiense: 'api' })).toThrow('did you mean')
    // @ts-expect-error: an algorithm that does not exist
    expect(() => createVerifier({ ...inline, algorithms: ['none'] })).toThrow('algorithms')
  })
})
