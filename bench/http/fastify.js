// Fastify 5 with a route that answers JSON: bare, or behind one of the contenders.
import { createPublicKey } from 'node:crypto'
import fastifyJwt from '@fastify/jwt'
import sallyport from '@sallyport/fastify'
import Fastify from 'fastify'
import { audience, issuer } from '../tokens.js'
import { announce, body, bodyFor, jwksUri, name, staticJwk } from './serve.js'

const app = Fastify()

/** It knows no key set: it is given the key. */
async function setUpFastifyJwt(cache) {
  const publicPem = createPublicKey({ key: await staticJwk(), format: 'jwk' }).export({ type: 'spki', format: 'pem' })
  const verify = { algorithms: ['RS256'], allowedIss: issuer, allowedAud: audience, cache }
  await app.register(fastifyJwt, { secret: { public: publicPem }, verify })
  app.addHook('onRequest', (request) => request.jwtVerify())
  app.get('/', async (request) => bodyFor(request.user.sub))
}

const setUp = {
  bare: () => app.get('/', async () => body),
  Sallyport: async () => {
    await app.register(sallyport, { issuer, audience, jwksUri })
    app.get('/', async (request) => bodyFor(request.auth.subject))
  },
  '@fastify/jwt': () => setUpFastifyJwt(false),
  '@fastify/jwt, cache': () => setUpFastifyJwt(20_000),
}

await setUp[name]()
await app.listen({ port: 0, host: '127.0.0.1' })
announce(app.server.address().port)
