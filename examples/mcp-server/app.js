// A protected MCP server on Express: after app.use(auth) every route asks for a token, those that say nothing too, and
// one tool asks for more. SALLYPORT_ISSUER says who is trusted, SALLYPORT_AUDIENCE which URL this server has.
import { StreamableHTTPServerTransport } from '@modelcontextprotocol/sdk/server/streamableHttp.js'
import { mcpAuth, scope } from '@sallyport/mcp'
import express from 'express'
import { createServer } from './server.js'

const { PORT = '3000' } = process.env

const app = express()
const auth = mcpAuth({ requiredScopes: ['orders:read'], resourceName: 'Orders' })
app.use(auth)

app.get('/menu', (_req, res) => res.json([{ item: 'portcullis' }])) // says nothing of itself, so it asks for a token

// Without sessions: a server and a transport for each request, and nothing of one caller is left for the next.
app.post('/mcp', express.json(), auth.tools({ cancel_order: scope('orders:write') }), async (req, res) => {
  const transport = new StreamableHTTPServerTransport({ sessionIdGenerator: undefined, enableJsonResponse: true })
  const server = createServer()
  res.on('close', () => server.close())
  await server.connect(transport)
  await transport.handleRequest(req, res, req.body) // the body that auth.tools() has judged
})
app.all('/mcp', (_req, res) => res.set('Allow', 'POST').sendStatus(405)) // no stream to listen to, no session to end

const listener = app.listen(Number(PORT), '127.0.0.1', () =>
  console.log(`The server is up: http://127.0.0.1:${listener.address().port}/mcp`),
)

for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, close)

async function close() {
  listener.close()
  await auth.verifier.close()
}
