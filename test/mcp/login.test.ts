// A user's client knows the URL of an MCP server and nothing else of it: with what it is refused it finds the
// authorization server, gets a token for this server and these scopes, and later one for more. The client is the SDK's, the
// authorization server is oidc-provider, and the user says yes to everything.
import type { IncomingMessage } from 'node:http'
import { type OAuthClientProvider, UnauthorizedError } from '@modelcontextprotocol/sdk/client/auth.js'
import { Client } from '@modelcontextprotocol/sdk/client/index.js'
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js'
import { McpServer } from '@modelcontextprotocol/sdk/server/mcp.js'
import { StreamableHTTPServerTransport } from '@modelcontextprotocol/sdk/server/streamableHttp.js'
import type { OAuthTokens } from '@modelcontextprotocol/sdk/shared/auth.js'
import { type AuthInfo, mcpAuth, scope } from '@sallyport/mcp'
import express, { type RequestHandler } from 'express'
import request from 'supertest'
import { expect, it } from 'vitest'
import { serve } from '../fixtures/served-app.js'
import { createSigningKey, redirectUri, startAuthorizationServer, user } from '../oidc-provider/authorization-server.js'

/** A server of two tools that answer what they know of the caller, for one request. */
const handle: RequestHandler = async (req, res) => {
  const server = new McpServer({ name: 'orders', version: '1.0.0' })
  for (const name of ['list', 'cancel']) {
    server.registerTool(name, { description: name }, async ({ authInfo }) => ({
      content: [{ type: 'text', text: JSON.stringify(authInfo) }],
    }))
  }
  const transport = new StreamableHTTPServerTransport({ enableJsonResponse: true })
  res.on('close', () => void server.close())
  await server.connect(transport)
  await transport.handleRequest(req as IncomingMessage, res, req.body)
}

/** What a client of the SDK keeps of its user. */
class Session implements OAuthClientProvider {
  readonly redirectUrl = redirectUri
  readonly clientMetadata = { redirect_uris: [redirectUri] }
  readonly asked: URL[] = []
  #verifier = ''
  #tokens: OAuthTokens | undefined
  code = ''

  clientInformation = () => ({ client_id: 'app', client_secret: 'secret of the app' })
  tokens = () => this.#tokens
  codeVerifier = () => this.#verifier

  saveTokens(tokens: OAuthTokens): void {
    this.#tokens = tokens
  }

  saveCodeVerifier(verifier: string): void {
    this.#verifier = verifier
  }

  /** Follows redirects with cookies, as a browser does, until they lead back to the client. */
  async redirectToAuthorization(start: URL): Promise<void> {
    this.asked.push(start)
    const browser = request.agent(start.origin)
    let url = start
    while (url.origin === start.origin) {
      const { headers, text } = await browser.get(url.pathname + url.search).redirects(0)
      if (headers['location'] === undefined) throw new Error(text)
      url = new URL(headers['location'], url)
    }
    this.code = url.searchParams.get('code') ?? ''
  }
}

it('finds its way in, and up', async () => {
  const idp = await startAuthorizationServer(await createSigningKey('key-1'))
  const app = express()
  await using served = await serve(app)
  const url = `${served.url}/mcp`
  const auth = mcpAuth({ issuer: idp.issuer, audience: url, requiredScopes: ['read:orders'] })
  app.use(auth)
  app.post('/mcp', express.json(), auth.tools({ cancel: scope('write:orders') }), handle)
  app.use((_req, res) => void res.sendStatus(405))

  const session = new Session()
  const connect = async (): Promise<Client> => {
    const client = new Client({ name: 'test', version: '1.0.0' })
    const transport = new StreamableHTTPClientTransport(new URL(url), { authProvider: session })
    await client.connect(transport)
    return client
  }
  const logIn = () =>
    new StreamableHTTPClientTransport(new URL(url), { authProvider: session }).finishAuth(session.code)
  const call = async (client: Client, name: string): Promise<AuthInfo> => {
    const { content } = await client.callTool({ name })
    return JSON.parse((content as { text: string }[])[0]?.text ?? '')
  }

  await expect(connect()).rejects.toThrow(UnauthorizedError)
  expect(session.asked.at(-1)?.origin).toBe(idp.issuer)
  expect(Object.fromEntries(session.asked.at(-1)?.searchParams ?? [])).toMatchObject({
    client_id: 'app',
    scope: 'read:orders',
    resource: url,
  })
  await logIn()
  const client = await connect()
  const known = { clientId: 'app', resource: url, extra: { subject: user, issuer: idp.issuer } }
  expect(await call(client, 'list')).toMatchObject({ ...known, scopes: ['read:orders'] })

  await expect(call(client, 'cancel')).rejects.toThrow(UnauthorizedError)
  expect(session.asked.at(-1)?.searchParams.get('scope')).toBe('read:orders write:orders')
  await logIn()
  expect(await call(client, 'cancel')).toMatchObject({ ...known, scopes: ['read:orders', 'write:orders'] })
  expect(session.asked).toHaveLength(2)

  await client.close()
  await auth.verifier.close()
  await idp.close()
})
