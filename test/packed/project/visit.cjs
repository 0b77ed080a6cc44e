// One visit through every door of the packages, the same whether they came by `import` or by `require`. Prints what it saw.
const { once } = require('node:events')

exports.visit = async ({ core, testing, sallyport, express, plugin, fastify }) => {
  const issuer = await testing.createTestIssuer()
  const trusted = { issuer: issuer.issuer, audience: issuer.audience }
  const good = await issuer.issue({ sub: 'ann', scope: 'read:orders' })
  const stranger = await testing.createTestKey('ES256', issuer.key.kid)
  const forged = await issuer.issue({ sub: 'ann', scope: 'read:orders' }, { key: stranger })

  const verifier = core.createVerifier(trusted)
  const { subject } = await verifier.verifyToken(good)
  const refusal = await verifier.verifyToken(forged).catch((error) => error)
  const altered = await verifier.verifyToken(withSubject(good, 'eve')).catch((error) => error)

  const guard = sallyport.auth(trusted)
  const app = express()
  app.use(guard)
  app.get('/orders', sallyport.requires(sallyport.scope('read:orders')), (req, res) => res.send(req.auth.subject))
  app.get('/admin', sallyport.requires(sallyport.scope('admin')), (_req, res) => res.send('never'))
  const server = app.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const get = async (path, token) => {
    const headers = token === undefined ? {} : { authorization: `Bearer ${token}` }
    const response = await fetch(`http://127.0.0.1:${server.address().port}${path}`, { headers })
    const text = await response.text()
    return [response.status, response.ok ? text : JSON.parse(text).code]
  }

  const seen = {
    subject,
    forged: refusal instanceof core.VerificationError ? refusal.code : 'not refused',
    altered: altered instanceof core.VerificationError ? altered.code : 'not refused',
    http: {
      good: await get('/orders', good),
      remembered: await get('/orders', good),
      missing: await get('/orders'),
      forged: await get('/orders', forged),
      altered: await get('/orders', withSubject(good, 'eve')),
      tooFew: await get('/admin', good),
    },
  }
  seen.fastify = await visitFastify({ core, plugin, fastify, trusted, good })
  await Promise.all([verifier.close(), guard.verifier.close(), issuer.close()])
  server.closeAllConnections()
  server.close()
  console.log(JSON.stringify(seen))
}

async function visitFastify({ core, plugin, fastify, trusted, good }) {
  const app = fastify()
  await app.register(plugin, trusted)
  app.get('/orders', { config: { auth: core.scope('read:orders') } }, async (request) => request.auth.subject)
  app.get('/admin', { config: { auth: core.scope('admin') } }, async () => 'never')
  const get = async (url, headers) => {
    const { statusCode, body } = await app.inject({ url, headers })
    return [statusCode, statusCode === 200 ? body : JSON.parse(body).code]
  }
  const authorization = `Bearer ${good}`
  const seen = {
    good: await get('/orders', { authorization }),
    missing: await get('/orders', {}),
    tooFew: await get('/admin', { authorization }),
  }
  await app.close()
  return seen
}

/** The same token for somebody else, with the signature it had. */
function withSubject(token, sub) {
  const [header, payload, signature] = token.split('.')
  const claims = { ...JSON.parse(Buffer.from(payload, 'base64url')), sub }
  return [header, Buffer.from(JSON.stringify(claims)).toString('base64url'), signature].join('.')
}
