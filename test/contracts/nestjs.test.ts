// NestJS on Express and on Fastify. The same file runs on Nest 12 and, by the other project of vitest.config.ts, on Nest 11.
import 'reflect-metadata'
import type { Server } from 'node:http'
import type { Http2Server } from 'node:http2'
import { Controller, Get, type INestApplication, Module } from '@nestjs/common'
import { NestFactory } from '@nestjs/core'
import { ExpressAdapter } from '@nestjs/platform-express'
import { FastifyAdapter } from '@nestjs/platform-fastify'
import type { Policy, RegisteredAuth, Verifier, VerifierOptions } from '@sallyport/core'
import { Auth, AuthModule, CurrentAuth, OptionalAuth, Public, VERIFIER } from '@sallyport/nestjs'
import { nestMajor } from '../fixtures/nest.js'
import { serveOn } from '../fixtures/served-app.js'
import { serveHttp2On } from '../fixtures/served-http2.js'
import { adapterContract, answerOf, type ContractRoute } from './adapter.contract.js'

/** A module with one handler a route. */
function moduleOf(options: VerifierOptions, routes: readonly ContractRoute[]) {
  @Controller()
  class Handlers {}
  routes.forEach(({ path, auth }, index) => {
    const name = `handler${index}`
    const value = (principal: RegisteredAuth | undefined): string => answerOf(principal)
    const descriptor = { value, writable: true, enumerable: false, configurable: true }
    Object.defineProperty(Handlers.prototype, name, descriptor)
    Get(path)(Handlers.prototype, name, descriptor)
    markOf(auth)?.(Handlers.prototype, name, descriptor)
    CurrentAuth()(Handlers.prototype, name, 0)
  })
  @Module({ imports: [AuthModule.forRoot(options)], controllers: [Handlers] })
  class App {}
  return App
}

function markOf(auth: ContractRoute['auth']): MethodDecorator | undefined {
  if (auth === undefined) return undefined
  if (auth === 'public') return Public()
  return auth === 'optional' ? OptionalAuth() : Auth(auth as Policy)
}

for (const [platform, createAdapter, isHttp2] of [
  ['Express', () => new ExpressAdapter(), false],
  ['Fastify', () => new FastifyAdapter(), false],
  ['Fastify over HTTP/2', () => new FastifyAdapter({ http2: true }), true],
] as const) {
  adapterContract({
    name: `Nest ${nestMajor} on ${platform}`,
    async serve(options, routes) {
      const app = await NestFactory.create<INestApplication>(moduleOf(options, routes), createAdapter(), {
        logger: false,
        abortOnError: false,
      })
      await app.listen(0, '127.0.0.1')
      const end = () => app.close()
      const served = isHttp2
        ? serveHttp2On(app.getHttpServer() as Http2Server, end)
        : serveOn(app.getHttpServer() as Server, end)
      return { ...served, verifier: app.get<Verifier<unknown>>(VERIFIER) }
    },
  })
}
