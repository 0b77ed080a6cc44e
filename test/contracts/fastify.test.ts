import type { Server } from 'node:http'
import type { Http2Server } from 'node:http2'
import sallyport, { type RouteAuth } from '@sallyport/fastify'
import fastify, { type FastifyInstance } from 'fastify'
import { serveOn } from '../fixtures/served-app.js'
import { serveHttp2On } from '../fixtures/served-http2.js'
import { adapterContract, answerOf, type ContractRoute } from './adapter.contract.js'

const words = new Map<ContractRoute['auth'], RouteAuth | undefined>([
  [undefined, undefined],
  ['public', false],
  ['optional', { optional: true }],
])

const lenient = { caseSensitive: false, ignoreTrailingSlash: true, ignoreDuplicateSlashes: true }

for (const [name, create] of [
  ['Fastify 5', () => fastify()],
  ['Fastify 5 with a lenient router', () => fastify({ routerOptions: lenient })],
  ['Fastify 5 over HTTP/2', () => fastify({ http2: true })],
] as const) {
  adapterContract({
    name,
    async serve(options, routes) {
      const app = create() as FastifyInstance
      await app.register(sallyport, options)
      for (const { path, auth } of routes) {
        const word = words.has(auth) ? words.get(auth) : (auth as RouteAuth)
        app.get(path, { config: word === undefined ? {} : { auth: word } }, async (request) => answerOf(request.auth))
      }
      await app.listen({ host: '127.0.0.1', port: 0 })
      const server: Server | Http2Server = app.server
      const end = () => app.close()
      const served = 'closeAllConnections' in server ? serveOn(server, end) : serveHttp2On(server, end)
      return { ...served, verifier: app.verifier }
    },
  })
}
