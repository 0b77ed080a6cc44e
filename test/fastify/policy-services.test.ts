import sallyport from '@sallyport/fastify'
import fastify from 'fastify'
import { serveOn } from '../fixtures/served-app.js'
import { byRule, policyServicesContract } from '../services/policy-services.contract.js'

policyServicesContract({
  name: 'Fastify 5',
  async serve(options, editDoc) {
    const app = fastify()
    await app.register(sallyport, options)
    app.get('/docs/:docId', { config: { auth: editDoc } }, async () => 'in')
    app.get('/rules/:docId', { config: { auth: byRule } }, async () => 'in')
    app.get('/plain', async () => 'in')
    await app.listen({ host: '127.0.0.1', port: 0 })
    return serveOn(app.server, () => app.close())
  },
})
