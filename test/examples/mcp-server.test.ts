// The MCP server as a user runs it: a process of its own, on what `npm run build` has made of the packages, asked by the
// client of the SDK. It stands behind a proxy, so that its URL is known before its port is.
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { request as forward } from 'node:http'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import {
  discoverOAuthProtectedResourceMetadata,
  extractWWWAuthenticateParams,
} from '@modelcontextprotocol/sdk/client/auth.js'
import { Client } from '@modelcontextprotocol/sdk/client/index.js'
import { StreamableHTTPClientTransport, StreamableHTTPError } from '@modelcontextprotocol/sdk/client/streamableHttp.js'
import {
  createTestIssuer,
  createTestKey,
  type TestClaims,
  type TestIssuer,
  type TestTokenOptions,
} from '@sallyport/core/testing'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type ServedApp, serve } from '../fixtures/served-app.js'

const root = fileURLToPath(new URL('../..', import.meta.url))

/** The example, running. */
class Example {
  readonly #child: ChildProcess
  readonly #up: Promise<string>
  output = ''

  constructor(issuer: string, audience: string) {
    const trust = { SALLYPORT_ISSUER: issuer, SALLYPORT_AUDIENCE: audience, PORT: '0' }
    // A group of its own, so that whatever it leaves running can be found.
    this.#child = spawn(process.execPath, ['app.js'], {
      cwd: join(root, 'examples/mcp-server'),
      env: { ...process.env, ...trust },
      detached: true,
    })
    this.#up = new Promise((resolve, reject) => {
      const note = (chunk: Buffer): void => {
        this.output += chunk.toString()
        const said = /http:\S+(?=\n)/.exec(this.output)?.[0]
        if (said !== undefined) resolve(said)
      }
      this.#child.stdout?.on('data', note)
      this.#child.stderr?.on('data', note)
      this.#child.once('close', () => reject(new Error(this.output)))
    })
  }

  /** Its URL, as soon as it says so. */
  get up(): Promise<string> {
    return this.#up
  }

  /** @returns its exit code */
  async end(signal: NodeJS.Signals): Promise<number | null> {
    if (this.#child.exitCode === null && this.#child.signalCode === null) {
      this.#child.kill(signal)
      await once(this.#child, 'close')
    }
    return this.#child.exitCode
  }

  get leavesProcesses(): boolean {
    try {
      return process.kill(-(this.#child.pid as number), 0)
    } catch {
      return false
    }
  }
}

/** Hands every request on to the example, and the answer back. */
async function proxyTo(target: () => Promise<string>): Promise<ServedApp> {
  return serve(async (request, response) => {
    const { method, url: path, headers } = request
    const { hostname, port } = new URL(await target())
    const onward = forward({ hostname, port, method, path, headers }, (answer) => {
      response.writeHead(answer.statusCode as number, answer.headers)
      answer.pipe(response)
    })
    onward.once('error', () => response.writeHead(502).end())
    request.pipe(onward)
  })
}

interface Server extends AsyncDisposable {
  readonly example: Example
  readonly url: string
  readonly origin: string
}

async function start(issuer: TestIssuer, audience?: string): Promise<Server> {
  const proxy = await proxyTo(() => example.up)
  const url = `${proxy.url}/mcp`
  const example = new Example(issuer.issuer, audience ?? url)
  await example.up
  const end = async (): Promise<void> => {
    await example.end('SIGKILL')
    await proxy.close()
  }
  return { example, url, origin: proxy.url, [Symbol.asyncDispose]: end }
}

describe('examples/mcp-server', { timeout: 30_000 }, () => {
  let issuer: TestIssuer
  let server: Server
  let refused: Response | undefined

  beforeAll(async () => {
    if (!existsSync(join(root, 'packages/mcp/dist'))) throw new Error('run `npm run build` first')
    issuer = await createTestIssuer()
    server = await start(issuer)
  })

  afterAll(async () => {
    await server?.[Symbol.asyncDispose]()
    await issuer?.close()
  })

  /** A token for the server, unless told otherwise. */
  const issue = async (claims: TestClaims = {}, options?: TestTokenOptions): Promise<string> =>
    issuer.issue({ aud: server.url, scope: 'orders:read', ...claims }, options)

  /** A client of the SDK that has introduced itself. What it is refused with stays in `refused`. */
  async function connect(token?: string, { url } = server): Promise<Client> {
    refused = undefined
    const headers: Record<string, string> = token === undefined ? {} : { authorization: `Bearer ${token}` }
    const listen: typeof fetch = async (...asked) => {
      const answer = await fetch(...asked)
      if (answer.status >= 400 && answer.status !== 405) refused = answer
      return answer
    }
    const client = new Client({ name: 'test', version: '1.0.0' })
    await client.connect(new StreamableHTTPClientTransport(new URL(url), { requestInit: { headers }, fetch: listen }))
    return client
  }

  /** The status that a client is refused with. */
  async function statusOf(asked: Promise<unknown>): Promise<number | undefined> {
    const error = await asked.then(
      () => undefined,
      (reason: unknown) => reason,
    )
    if (error instanceof StreamableHTTPError) return error.code
    throw error ?? new Error('it was not refused')
  }

  const textOf = ({ content }: Awaited<ReturnType<Client['callTool']>>): unknown =>
    (content as { text: string }[])[0]?.text

  it('tells a stranger where to get a token, in words that the SDK reads', async () => {
    expect(await statusOf(connect())).toBe(401)
    const { resourceMetadataUrl, scope, error } = extractWWWAuthenticateParams(refused as Response)
    expect(resourceMetadataUrl?.href).toBe(`${server.origin}/.well-known/oauth-protected-resource/mcp`)
    expect({ scope, error }).toEqual({ scope: 'orders:read', error: undefined })
    const options = resourceMetadataUrl && { resourceMetadataUrl }
    for (const found of [options, undefined]) {
      expect(await discoverOAuthProtectedResourceMetadata(server.url, found)).toEqual({
        resource: server.url,
        authorization_servers: [issuer.issuer],
        scopes_supported: ['orders:read'],
        bearer_methods_supported: ['header'],
        resource_name: 'Orders',
      })
    }
  })

  it('shows its tools to whoever has a token, and a tool sees who calls', async () => {
    const client = await connect(await issue({ sub: 'ann' }))
    const { tools } = await client.listTools()
    expect(tools.map(({ name }) => name)).toEqual(['list_orders', 'cancel_order'])
    expect(textOf(await client.callTool({ name: 'list_orders' }))).toBe('ann has ordered a portcullis')
    await client.close()
  })

  it('keeps callers apart that ask at the same time', async () => {
    const names = ['ann', 'bob', 'cid', 'dan']
    const clients = await Promise.all(names.map(async (sub) => connect(await issue({ sub }))))
    const texts = await Promise.all(
      clients.map(async (client) => textOf(await client.callTool({ name: 'list_orders' }))),
    )
    expect(texts).toEqual(names.map((name) => `${name} has ordered a portcullis`))
    await Promise.all(clients.map((client) => client.close()))
  })

  it('asks for a further scope where a tool does', async () => {
    const cancel = { name: 'cancel_order', arguments: { id: '7' } }
    const reader = await connect(await issue({ sub: 'ann' }))
    expect(await statusOf(reader.callTool(cancel))).toBe(403)
    const { scope, error, resourceMetadataUrl } = extractWWWAuthenticateParams(refused as Response)
    expect({ scope, error }).toEqual({ scope: 'orders:read orders:write', error: 'insufficient_scope' })
    expect(resourceMetadataUrl?.href).toContain('/.well-known/oauth-protected-resource/mcp')
    await reader.close()
    const writer = await connect(await issue({ sub: 'ann', scope }))
    expect(textOf(await writer.callTool(cancel))).toBe('ann has cancelled order 7')
    await writer.close()
  })

  it('lets nobody in without the scope that all of it asks for', async () => {
    expect(await statusOf(connect(await issue({ scope: 'orders:write' })))).toBe(403)
    expect(extractWWWAuthenticateParams(refused as Response).scope).toBe('orders:read')
  })

  it.each<[string, TestClaims, string]>([
    ['has expired', { iat: 1_000_000_000, exp: 1_000_000_300 }, 'token_expired'],
    ['is for another server', { aud: 'https://mcp.example.com/mcp' }, 'audience_mismatch'],
    ['is for all of the host', { aud: 'http://127.0.0.1' }, 'audience_mismatch'],
  ])('refuses a token that %s', async (_, claims, code) => {
    expect(await statusOf(connect(await issue(claims)))).toBe(401)
    expect(extractWWWAuthenticateParams(refused as Response)).toMatchObject({
      error: 'invalid_token',
      scope: 'orders:read',
      resourceMetadataUrl: new URL(`${server.origin}/.well-known/oauth-protected-resource/mcp`),
    })
    await expectCode(await issue(claims), 401, code)
  })

  it("refuses a token that is signed with another key than the issuer's", async () => {
    const forged = await issue({}, { key: await createTestKey('ES256', issuer.key.kid) })
    expect(await statusOf(connect(forged))).toBe(401)
    await expectCode(forged, 401, 'signature_invalid')
  })

  it('protects what says nothing of itself, and what is not there', async () => {
    for (const path of [
      '/menu',
      '/',
      '/nowhere',
      '/mcp/',
      '/.well-known/oauth-protected-resource',
      '/%6dcp',
      '//mcp',
    ]) {
      expect((await fetch(server.origin + path)).status, path).toBe(401)
    }
    const headers = { authorization: `Bearer ${await issue()}` }
    expect(await (await fetch(`${server.origin}/menu`, { headers })).json()).toEqual([{ item: 'portcullis' }])
    expect((await fetch(`${server.origin}/nowhere`, { headers })).status).toBe(404)
  })

  it('does not blame a caller for an issuer that is away', async () => {
    const gone = await createTestIssuer()
    const token = await gone.issue({ aud: server.url, scope: 'orders:read' })
    await gone.close()
    await using orphan = await start(gone, server.url)
    expect(await statusOf(connect(token, orphan))).toBe(503)
    expect(Number(refused?.headers.get('retry-after'))).toBeGreaterThan(0)
    expect(refused?.headers.get('www-authenticate')).toBeNull()
  })

  async function expectCode(token: string, status: number, code: string): Promise<void> {
    const answer = await fetch(server.url, { method: 'POST', headers: { authorization: `Bearer ${token}` } })
    expect(answer.status).toBe(status)
    expect(await answer.json()).toMatchObject({ code })
  }

  it('ends by itself when it is told to, and leaves no process and no port behind', async () => {
    const { example } = server
    const url = await example.up
    expect(await example.end('SIGTERM'), example.output).toBe(0)
    expect(example.leavesProcesses).toBe(false)
    await expect(fetch(url)).rejects.toThrow('fetch failed')
  })
})
