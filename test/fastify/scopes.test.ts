// Encapsulation: the plugin guards the scope that it is registered in and what is below it, and nothing beside or above.
import { createTestClock, createTestIssuer } from '@sallyport/core/testing'
import sallyport from '@sallyport/fastify'
import fastify from 'fastify'
import { afterAll, expect, it } from 'vitest'

const clock = createTestClock()
const [staff, guests] = [await createTestIssuer({ clock }), await createTestIssuer({ clock })]
afterAll(() => Promise.all([staff.close(), guests.close()]))

const trust = ({ issuer, audience, jwks }: typeof staff) => ({ issuer, audience, jwks, clock })
const bearer = async (idp: typeof staff) => ({ authorization: `Bearer ${await idp.issue({})}` })

it('keeps siblings apart, and touches no scope without it', async () => {
  const app = fastify()
  for (const [prefix, idp] of [
    ['/staff', staff],
    ['/guests', guests],
  ] as const) {
    await app.register(
      async (child) => {
        await child.register(sallyport, trust(idp))
        child.get('/', async () => 'in')
      },
      { prefix },
    )
  }
  await app.register(async (child) => void child.get('/beside', async () => 'in'))
  app.get('/above', async () => 'in')
  const status = async (url: string, idp?: typeof staff) =>
    (await app.inject({ url, headers: idp === undefined ? {} : await bearer(idp) })).statusCode
  expect([await status('/staff', staff), await status('/guests', guests)]).toEqual([200, 200])
  expect([await status('/staff', guests), await status('/guests', staff), await status('/staff')]).toEqual([
    401, 401, 401,
  ])
  expect([await status('/beside'), await status('/above'), await status('/nowhere')]).toEqual([200, 200, 404])
})

it('asks both verifiers where one scope stands in another', async () => {
  const app = fastify()
  await app.register(sallyport, { ...trust(staff) })
  await app.register(async (child) => {
    await child.register(sallyport, { ...trust(staff), audience: 'https://inner.example.com' })
    child.get('/inner', async () => 'in')
    expect(child.verifier).not.toBe(app.verifier)
  })
  app.get('/outer', async () => 'in')
  const status = async (url: string, aud: string | readonly string[]) => {
    const headers = { authorization: `Bearer ${await staff.issue({ aud })}` }
    return (await app.inject({ url, headers })).statusCode
  }
  const both = [staff.audience, 'https://inner.example.com']
  expect([await status('/outer', staff.audience), await status('/outer', both)]).toEqual([200, 200])
  expect(await status('/inner', both)).toBe(200)
  expect(await status('/inner', staff.audience)).toBe(401)
  expect(await status('/inner', 'https://inner.example.com')).toBe(401)
})
