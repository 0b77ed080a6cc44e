// The other side of the wire, in one process on a core of its own: an issuer that publishes its key, and the clients to whom
// it gave tokens. Tokens exist in the memory of this process alone. Arguments: how many for the cold workload.
import { once } from 'node:events'
import { createServer } from 'node:http'
import { makeBadTokens, makeKey, makeTokens } from '../tokens.js'
import { openClients, sendFor, toRequest } from './clients.js'

const [coldCount] = process.argv.slice(2).map(Number)
process.once('disconnect', () => process.exit())

const key = makeKey('RS256')
const hot = (await makeTokens(key, 1_000)).map(toRequest)
const cold = (await makeTokens(key, coldCount)).map(toRequest)
const [good] = await makeTokens(key, 1)

const issuer = createServer((_request, response) => {
  response.setHeader('content-type', 'application/json').end(JSON.stringify({ keys: [key.jwk] }))
})
issuer.listen(0, '127.0.0.1')
await once(issuer, 'listening')
const jwksUri = `http://127.0.0.1:${issuer.address().port}/jwks`

let clients = []
let unsentCold = []

/** Again and again. */
function* hotRequests() {
  for (;;) yield* hot
}

/** Each once. */
function* coldRequests(limit) {
  for (const request of unsentCold.splice(0, limit)) yield request
}

const answers = {
  tokens: async () => ({ jwksUri, good, bad: await badTokens() }),
  connect: async ({ port, connections }) => {
    for (const client of clients) client.close()
    clients = await openClients(port, connections)
    unsentCold = [...cold] // this server has seen none of them
    return {}
  },
  hot: ({ milliseconds }) => sendFor(clients, hotRequests(), milliseconds),
  cold: ({ milliseconds, limit }) => sendFor(clients, coldRequests(limit), milliseconds),
}

async function badTokens() {
  const tokens = Object.entries(await makeBadTokens(key)).map(([kind, token]) => [`a token ${kind}`, token])
  return { 'no token': '', ...Object.fromEntries(tokens) }
}

process.on('message', ({ question, ...settings }) => {
  answers[question](settings).then(
    (answer) => process.send(answer),
    (error) => process.send({ failure: error.message }),
  )
})
process.send({})
