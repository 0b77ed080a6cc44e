import { ConfigurationError, type Principal } from '@sallyport/core'
import { createTestClock, createTestIssuer } from '@sallyport/core/testing'
import fastify, { type FastifyRequest } from 'fastify'
import { afterAll, afterEach, describe, expect, expectTypeOf, it, vi } from 'vitest'
import { sallyport } from './fastify.js'

const clock = createTestClock()
const idp = await createTestIssuer({ clock })
afterAll(() => idp.close())
afterEach(() => vi.unstubAllEnvs())

const trust = { issuer: idp.issuer, audience: idp.audience, jwks: idp.jwks, clock }
const bearer = async () => ({ authorization: `Bearer ${await idp.issue({ sub: 'ann' })}` })

describe('registering the plugin', () => {
  it('takes the options of a verifier, and sets request.auth', async () => {
    const app = fastify()
    await app.register(sallyport, trust)
    app.get('/', async ({ auth }) => auth.subject)
    expect((await app.inject({ url: '/', headers: await bearer() })).body).toBe('ann')
    expectTypeOf<FastifyRequest['auth']>().toExtend<Principal<unknown>>()
  })

  it.each([{}, { prefix: '/x' }])('asks the environment where it is given %o', async (options) => {
    vi.stubEnv('SALLYPORT_ISSUER', idp.issuer)
    vi.stubEnv('SALLYPORT_AUDIENCE', idp.audience)
    const app = fastify()
    await app.register(sallyport, options)
    app.get('/', async () => 'in')
    const token = await (await createIssuedNow()).token
    expect((await app.inject('/')).statusCode).toBe(401)
    expect((await app.inject({ url: '/', headers: { authorization: `Bearer ${token}` } })).statusCode).toBe(200)
  })

  it('leaves what Fastify takes to Fastify', async () => {
    const app = fastify()
    await app.register(sallyport, { ...trust, prefix: '/x', logLevel: 'silent' } as typeof trust)
    app.get('/', async () => 'in')
    expect((await app.inject({ url: '/', headers: await bearer() })).statusCode).toBe(200)
  })

  it.each<[string, object]>([
    ['an option that is none', { ...trust, audiences: 'x' }],
    ['no audience', { issuer: idp.issuer }],
  ])('is refused with %s', async (_name, options) => {
    const app = fastify()
    await expect((async () => app.register(sallyport, options))()).rejects.toThrow(ConfigurationError)
  })

  it('closes the verifier with the app', async () => {
    const app = fastify()
    await app.register(sallyport, trust)
    const { verifier } = app
    await app.close()
    await expect(verifier.verify({ method: 'GET', url: '/', headers: {} })).rejects.toThrow('the verifier was closed')
  })
})

/** A token for a verifier that looks at the clock of the machine. */
async function createIssuedNow(): Promise<{ readonly token: Promise<string> }> {
  const iat = Math.floor(performance.timeOrigin / 1_000)
  return { token: idp.issue({ sub: 'ann', iat, exp: iat + 3_600 }) }
}
