// Servers that forget one thing each, and one that forgets nothing: contenders, and the program that is each of them.
import { createServer } from 'node:http'
import { fileURLToPath } from 'node:url'
import { createRemoteJWKSet, jwtVerify } from 'jose'

const issuer = 'https://issuer.example.com/'
const audience = 'https://api.example.com'

const checks = {
  careful: { issuer, audience },
  'without signature': { issuer, audience, unsigned: true },
  'without iss': { audience },
  'without aud': { issuer },
  'without exp': { issuer, audience, clockTolerance: 86_400 },
  'without token': { issuer, audience, optional: true },
  'without mercy': { issuer: 'https://nobody.example.com/', audience },
  'without patience': { issuer, audience, patience: 100 },
  'without sense': { issuer, audience, body: '{"hello":"you"}' },
}

const argv = [fileURLToPath(import.meta.url)]
export const contenders = Object.keys(checks).map((name) => ({ group: 'node:http', name, argv, isOpen: false }))
export const aims = []

if (process.argv[1] === argv[0]) {
  const [name, jwksUri] = process.argv.slice(-2)
  serve(checks[name], createRemoteJWKSet(new URL(jwksUri)))
}

function serve({ unsigned, optional, patience = Number.POSITIVE_INFINITY, body, ...options }, keys) {
  let requests = 0
  const passes = async ({ headers }) => {
    const [, token] = headers.authorization?.split(' ') ?? []
    requests += 1
    if (token === undefined) return optional === true
    if (requests > patience) return false
    if (unsigned) return JSON.parse(Buffer.from(token.split('.')[1], 'base64url')).exp > Date.now() / 1_000
    return jwtVerify(token, keys, options).then(Boolean, () => false)
  }
  const server = createServer(async (request, response) => {
    response.statusCode = (await passes(request)) ? 200 : 401
    response.end(response.statusCode === 200 ? (body ?? '{"hello":"world"}') : '{}')
  })
  server.listen(0, '127.0.0.1', () => process.send({ port: server.address().port }))
  process.once('disconnect', () => process.exit())
}
