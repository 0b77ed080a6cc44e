// The Web's Request and Response, in Hono on Node: what Next.js, H3 and Bun hand over, too.

import { once } from 'node:events'
import type { Server } from 'node:http'
import { createServer as createHttp2Server, type Http2Server } from 'node:http2'
import { serve as serveHono } from '@hono/node-server'
import { getConnInfo } from '@hono/node-server/conninfo'
import { createVerifier, type Principal } from '@sallyport/core'
import { toResponse } from '@sallyport/core/adapter'
import { Hono, type MiddlewareHandler } from 'hono'
import { serveOn } from '../fixtures/served-app.js'
import { serveHttp2On } from '../fixtures/served-http2.js'
import { adapterContract, answerOf } from './adapter.contract.js'

type Env = { Variables: { auth: Principal<unknown> | undefined } }

for (const isHttp2 of [false, true]) {
  adapterContract({
    name: isHttp2 ? 'Web Request, in Hono over HTTP/2' : 'Web Request, in Hono',
    joinsLines: true, // so a second credential can't be told from a malformed one
    async serve(options, routes) {
      const verifier = createVerifier(options)
      const app = new Hono<Env>()
      for (const { path, auth } of routes) {
        const guard: MiddlewareHandler<Env> = async (context, next) => {
          if (auth === 'public') return next()
          const { url, method, headers } = context.req.raw
          const remoteAddress = getConnInfo(context).remote.address // a Request of the Web does not say it
          const shown = { url, method, headers, params: context.req.param(), identity: context.req.raw, remoteAddress }
          const optional = auth === 'optional'
          const decision = await verifier.verify(shown, optional ? undefined : auth, { optional })
          if (!decision.allowed) return toResponse(decision)
          for (const [name, value] of Object.entries(decision.headers ?? {})) context.header(name, value)
          context.set('auth', decision.auth)
          return next()
        }
        app.get(path, guard, (context) => context.text(answerOf(context.get('auth'))))
      }
      const address = { fetch: app.fetch, hostname: '127.0.0.1', port: 0 }
      const server = isHttp2 ? serveHono({ ...address, createServer: createHttp2Server }) : serveHono(address)
      if (!server.listening) await once(server, 'listening')
      const end = () => verifier.close()
      const served = isHttp2 ? serveHttp2On(server as Http2Server, end) : serveOn(server as Server, end)
      return { ...served, verifier }
    },
  })
}
