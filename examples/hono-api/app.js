// A protected API on Hono: what stands before app.use(guard()) is public, every route after it asks for a token, and a
// guard with a policy asks for more.
import { serve } from '@hono/node-server'
import { anyOf, claim, param, role, scope } from '@sallyport/core'
import { Hono } from 'hono'
import { guard, verifier } from './guard.js'

const { PORT = '3000' } = process.env

const app = new Hono()
app.get('/health', (context) => context.json({ status: 'up' }))
app.use(guard())

app.get('/menu', (context) => context.json([{ item: 'portcullis' }])) // says nothing of itself, so it asks for a token
app.get('/me', (context) => {
  const { subject, scopes } = context.get('auth')
  return context.json({ subject, scopes })
})
app.get('/orders', guard(scope('read:orders')), (context) => context.json([{ item: 'portcullis' }]))

/** Whoever works for the tenant, and the admins of all of them. */
const ofTenant = anyOf(role('admin'), claim('tenant').equals(param('tenantId')))
app.get('/tenants/:tenantId/orders', guard(ofTenant), (context) =>
  context.json([{ tenant: context.req.param('tenantId') }]),
)

const server = serve({ fetch: app.fetch, hostname: '127.0.0.1', port: Number(PORT) }, ({ port }) =>
  console.log(`The API is up: http://127.0.0.1:${port}`),
)

for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, close)

async function close() {
  server.close()
  await verifier.close()
}
