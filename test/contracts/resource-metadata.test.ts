// RFC 9728 on every framework: one line, open to everybody, named in every challenge, and read by a client that knows only our URL.
import type { Server } from 'node:http'
import { Controller, Get, Module } from '@nestjs/common'
import { NestFactory } from '@nestjs/core'
import { ExpressAdapter } from '@nestjs/platform-express'
import { FastifyAdapter } from '@nestjs/platform-fastify'
import type { VerifierOptions } from '@sallyport/core'
import { createTestIssuer, type TestIssuer } from '@sallyport/core/testing'
import { auth, resourceMetadata } from '@sallyport/express'
import sallyport from '@sallyport/fastify'
import { AuthModule } from '@sallyport/nestjs'
import fastify from 'fastify'
import * as oauth from 'oauth4webapi'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { expressMajors } from '../fixtures/express.js'
import { nestMajor } from '../fixtures/nest.js'

interface Api {
  readonly url: string
  close(): Promise<unknown>
}

/** The URL of an API must be known before it listens. */
const resource = 'http://127.0.0.1:3000/v1'

function served(server: Server, end: () => unknown): Api {
  const { port } = server.address() as { port: number }
  const close = async () => {
    await end()
    server.closeAllConnections()
    server.close()
  }
  return { url: `http://127.0.0.1:${port}`, close }
}

class Me {
  me(): string {
    return 'in'
  }
}
Get()(Me.prototype, 'me', Object.getOwnPropertyDescriptor(Me.prototype, 'me') as PropertyDescriptor)
Controller('me')(Me)

const nest = (adapter: () => ExpressAdapter | FastifyAdapter) => async (options: VerifierOptions) => {
  class App {}
  Module({ imports: [AuthModule.forRoot(options)], controllers: [Me] })(App)
  const app = await NestFactory.create(App, adapter() as ExpressAdapter, { logger: false })
  app.setGlobalPrefix('v1')
  await app.listen(0, '127.0.0.1')
  return { url: await app.getUrl(), close: () => app.close() }
}

const targets: Readonly<Record<string, (options: VerifierOptions) => Promise<Api>>> = {
  ...Object.fromEntries(
    expressMajors.map(([name, express]) => [
      name,
      async (options: VerifierOptions) => {
        const guard = auth(options)
        const app = express()
        app.use(resourceMetadata(guard), guard)
        app.get('/v1/me', (_, response) => void response.send('in'))
        const server = app.listen(0, '127.0.0.1')
        await new Promise((resolve) => server.once('listening', resolve))
        return served(server, () => guard.verifier.close())
      },
    ]),
  ),
  async 'Fastify 5'(options) {
    const app = fastify()
    await app.register(sallyport, options)
    app.get('/v1/me', async () => 'in')
    return { url: await app.listen({ host: '127.0.0.1', port: 0 }), close: () => app.close() }
  },
  [`Nest ${nestMajor} on Express`]: nest(() => new ExpressAdapter()),
  [`Nest ${nestMajor} on Fastify`]: nest(() => new FastifyAdapter()),
}

let idp: TestIssuer
beforeAll(async () => {
  idp = await createTestIssuer()
})
afterAll(() => idp.close())

describe.each(Object.entries(targets))('%s', (_, start) => {
  let api: Api
  beforeAll(async () => {
    const { issuer, audience } = idp
    api = await start({ issuer, audience, resource: { url: resource, scopesSupported: ['read'] } })
  })
  afterAll(() => api.close())

  const path = '/.well-known/oauth-protected-resource/v1'

  it('R-9728-1, R-9728-2: is read by a client that knows only our URL', async () => {
    const url = new URL(resource)
    const response = await oauth.resourceDiscoveryRequest(url, {
      [oauth.allowInsecureRequests]: true,
      [oauth.customFetch]: (asked, init) => fetch(asked.replace(url.origin, api.url), init as object),
    })
    expect(response.headers.get('content-type')).toBe('application/json')
    const metadata = await oauth.processResourceDiscoveryResponse(url, response)
    expect(metadata).toEqual({
      resource,
      authorization_servers: [idp.issuer],
      scopes_supported: ['read'],
      bearer_methods_supported: ['header'],
    })
  })

  it('R-9728-1: is open to browsers of any origin', async () => {
    const preflight = await fetch(api.url + path, { method: 'OPTIONS', headers: { origin: 'https://app.example.com' } })
    expect(preflight.status).toBe(204)
    expect(preflight.headers.get('access-control-allow-origin')).toBe('*')
    expect((await fetch(api.url + path)).headers.get('access-control-allow-origin')).toBe('*')
    const head = await fetch(api.url + path, { method: 'HEAD' })
    expect([head.status, await head.text()]).toEqual([200, ''])
  })

  it('R-9728-4: is named in the challenge, and everything else stays shut', async () => {
    const refused = await fetch(`${api.url}/v1/me`)
    expect(refused.status).toBe(401)
    expect(refused.headers.get('www-authenticate')).toBe(
      `Bearer realm="api", resource_metadata="http://127.0.0.1:3000${path}"`,
    )
    expect((await fetch(`${api.url}/v1/me`, { headers: await idp.asUser() })).status).toBe(200)
  })
})

describe('a guard without `resource`', () => {
  it('has no metadata to serve', async () => {
    const { issuer, audience } = idp
    expect(() => resourceMetadata(auth({ issuer, audience }))).toThrow('`resource`')
    const app = fastify()
    await app.register(sallyport, { issuer, audience })
    expect((await app.inject('/.well-known/oauth-protected-resource')).statusCode).toBe(401)
    await app.close()
  })

  it('below a prefix of Fastify is refused with `resource`', async () => {
    const { issuer, audience } = idp
    const app = fastify()
    await expect(
      app.register(
        async (scope) => void (await scope.register(sallyport, { issuer, audience, resource: { url: resource } })),
        {
          prefix: '/v1',
        },
      ),
    ).rejects.toThrow('prefix')
    await app.close()
  })
})
