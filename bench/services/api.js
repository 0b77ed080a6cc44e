// The API of the benchmark, in a process of its own: one route that a token opens, and one that asks a policy service. Started
// with the URL of the service and its deadline in seconds; says where it listens, with a token, and ends with its parent.
import { createTestIssuer } from '@sallyport/core/testing'
import sallyport, { allOf, authzen, claim, param, req, scope } from '@sallyport/fastify'
import fastify from 'fastify'

const [url, timeoutSeconds] = process.argv.slice(-2)
const idp = await createTestIssuer()
const pdp = authzen({ url, timeoutSeconds: Number(timeoutSeconds) })
const mayEdit = pdp.permits({
  subject: { type: 'user', id: claim('sub') },
  action: { name: req.method },
  resource: { type: 'doc', id: param('docId') },
})

const app = fastify()
await app.register(sallyport, { issuer: idp.issuer, audience: idp.audience, jwks: idp.jwks })
app.get('/plain', { config: { auth: scope('docs') } }, async () => ({ hello: 'world' }))
app.get('/docs/:docId', { config: { auth: allOf(scope('docs'), mayEdit) } }, async () => ({ hello: 'world' }))
await app.listen({ host: '127.0.0.1', port: 0 })

const token = await idp.issue({ sub: 'ann', scope: 'docs', exp: Date.now() / 1_000 + 3_600 })
process.once('disconnect', () => process.exit())
process.send({ port: app.server.address().port, token })
