// A protected API on Fastify: once the plugin is registered, every route is protected unless it says that it is public.
// SALLYPORT_ISSUER and SALLYPORT_AUDIENCE say who is trusted and who we are.
import sallyport, { anyOf, claim, param, role, scope } from '@sallyport/fastify'
import fastify from 'fastify'

const { PORT = '3000' } = process.env

const app = fastify()
await app.register(sallyport)

app.get('/health', { config: { auth: false } }, async () => ({ status: 'up' }))
app.get('/menu', async () => [{ item: 'portcullis' }]) // says nothing of itself, so it asks for a token
app.get('/me', async ({ auth }) => ({ subject: auth.subject, scopes: auth.scopes }))
app.get('/orders', { config: { auth: scope('read:orders') } }, async () => [{ item: 'portcullis' }])

/** Whoever works for the tenant, and the admins of all of them. */
const ofTenant = anyOf(role('admin'), claim('tenant').equals(param('tenantId')))
app.get('/tenants/:tenantId/orders', { config: { auth: ofTenant } }, async ({ params }) => [
  { tenant: params.tenantId },
])

for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => app.close()) // closes the verifier, too
console.log(`The API is up: ${await app.listen({ host: '127.0.0.1', port: Number(PORT) })}`)
