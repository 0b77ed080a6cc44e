import sallyport, { type RouteAuth } from '@sallyport/fastify'
import fastify from 'fastify'
import { serveOn } from '../fixtures/served-app.js'
import { adapterContract, answerOf, type ContractRoute } from './adapter.contract.js'

const words = new Map<ContractRoute['auth'], RouteAuth | undefined>([
  [undefined, undefined],
  ['public', false],
  ['optional', { optional: true }],
])

for (const [name, routerOptions] of [
  ['Fastify 5', {}],
  [
    'Fastify 5 with a lenient router',
    { caseSensitive: false, ignoreTrailingSlash: true, ignoreDuplicateSlashes: true },
  ],
] as const) {
  adapterContract({
    name,
    async serve(options, routes) {
      const app = fastify({ routerOptions })
      await app.register(sallyport, options)
      for (const { path, auth } of routes) {
        const word = words.has(auth) ? words.get(auth) : (auth as RouteAuth)
        app.get(path, { config: word === undefined ? {} : { auth: word } }, async (request) => answerOf(request.auth))
      }
      await app.listen({ host: '127.0.0.1', port: 0 })
      return serveOn(app.server, () => app.close())
    },
  })
}
