// What a developer writes, and what the compiler says to it. How requests fare on Express 4 and 5 is in test/express.
import { type Policy, type Principal, scope, type Verifier } from '@sallyport/core'
import { createTestIssuer } from '@sallyport/core/testing'
import express from 'express'
import request from 'supertest'
import { afterAll, afterEach, describe, expect, expectTypeOf, it, vi } from 'vitest'
import { z } from 'zod'
import { auth, type ClaimsOf, requires } from './express.js'

const idp = await createTestIssuer()
afterAll(() => idp.close())
afterEach(() => void vi.unstubAllEnvs())

const trust = { issuer: idp.issuer, audience: idp.audience, jwks: idp.jwks }

describe('the one-liner', () => {
  it('protects an app', async () => {
    const app = express()
    app.use(auth(trust))
    app.get('/orders', requires(scope('read:orders')), (req, res) => void res.send(`orders of ${req.auth.subject}`))
    await request(app).get('/orders').expect(401)
    await request(app)
      .get('/orders')
      .set(await idp.asUser())
      .expect(403)
    const ann = await idp.asUser({ sub: 'ann', scope: 'read:orders' })
    await request(app).get('/orders').set(ann).expect(200, 'orders of ann')
  })

  it('reads the environment where it is told nothing', async () => {
    vi.stubEnv('SALLYPORT_ISSUER', idp.issuer)
    vi.stubEnv('SALLYPORT_AUDIENCE', idp.audience)
    const guard = auth()
    const app = express().use(guard, (_req, res) => void res.send('in'))
    await request(app)
      .get('/')
      .set(await idp.asUser())
      .expect(200, 'in')
    await guard.verifier.close()
  })

  it('does not build where it says too little, nor compile', () => {
    vi.stubEnv('SALLYPORT_ISSUER', undefined)
    expect(() => auth()).toThrow('SALLYPORT_ISSUER')
    // @ts-expect-error: a forgotten audience
    expect(() => auth({ issuer: 'https://idp.example.com' })).toThrow('audience')
    // @ts-expect-error: a forgotten issuer
    expect(() => auth({ audience: 'api' })).toThrow('issuer')
    // @ts-expect-error: a forgotten audience of one of several
    expect(() => auth({ issuers: [trust, { issuer: 'https://b.example.com' }] })).toThrow('audience')
    // @ts-expect-error: an option that does not exist
    expect(() => auth({ ...trust, credentialsRequired: false })).toThrow('credentialsRequired')
    // @ts-expect-error: a policy is made by the policy words
    expect(() => requires('read:orders')).toThrow('policy')
  })
})

describe('types', () => {
  it('of a schema reach the claims of a decision', async () => {
    const guard = auth({ ...trust, claims: z.object({ tenant: z.string(), level: z.coerce.number() }) })
    expectTypeOf<ClaimsOf<typeof guard>>().toEqualTypeOf<{ tenant: string; level: number }>()
    expectTypeOf(guard.verifier).toEqualTypeOf<Verifier<Principal<{ tenant: string; level: number }>>>()
    const decision = await guard.verifier.verify({ headers: await idp.asUser({ tenant: 't', level: '7' }) })
    if (!decision.allowed) throw new Error(decision.code)
    expectTypeOf(decision.auth.claims.level).toEqualTypeOf<number>()
    expect(decision.auth.claims).toEqual({ tenant: 't', level: 7 })
  })

  it('of an optional guard may be undefined, and its claims are still those of the schema', async () => {
    const guard = auth({ ...trust, optional: true, claims: z.object({ tenant: z.string() }) })
    expectTypeOf<ClaimsOf<typeof guard>>().toEqualTypeOf<{ tenant: string }>()
    expectTypeOf(guard.verifier).toEqualTypeOf<Verifier<Principal<{ tenant: string }> | undefined>>()
    const decision = await guard.verifier.verify({ headers: {} })
    if (!decision.allowed) throw new Error(decision.code)
    expectTypeOf(decision.auth).toEqualTypeOf<Principal<{ tenant: string }> | undefined>()
    expect(decision.auth).toBeUndefined()
  })

  it('of a guard are those of Express middleware', () => {
    expectTypeOf(auth<undefined, false>).returns.toExtend<express.RequestHandler>()
    expectTypeOf(requires).returns.toEqualTypeOf<express.RequestHandler>()
    expectTypeOf(requires).parameter(0).toEqualTypeOf<Policy>()
  })

  it('of req.auth are a principal', () => {
    expectTypeOf<express.Request['auth']>().toEqualTypeOf<Principal>()
    expectTypeOf<express.Request['auth']['scopes']>().toEqualTypeOf<readonly string[]>()
  })
})
