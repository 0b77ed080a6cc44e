// Nest 12, on Express or on Fastify, with a route that answers JSON: bare, behind a guard that judges nothing, or behind one
// of the contenders. In plain JavaScript, so decorators are applied by hand.
import 'reflect-metadata'
import { Controller, Get, Module, Req, UseGuards } from '@nestjs/common'
import { APP_GUARD, NestFactory } from '@nestjs/core'
import { AuthGuard, PassportStrategy } from '@nestjs/passport'
import { ExpressAdapter } from '@nestjs/platform-express'
import { FastifyAdapter } from '@nestjs/platform-fastify'
import jwksRsa from 'jwks-rsa'
import { ExtractJwt, Strategy } from 'passport-jwt'
import { audience, issuer } from '../tokens.js'
import { announce, body, bodyFor, jwksUri, name } from './serve.js'

const [platform] = process.argv.slice(2)

class EmptyGuard {
  canActivate() {
    return true
  }
}

class JwtStrategy extends PassportStrategy(Strategy) {
  constructor() {
    const keys = jwksRsa.passportJwtSecret({ cache: true, rateLimit: true, jwksUri })
    const jwtFromRequest = ExtractJwt.fromAuthHeaderAsBearerToken()
    super({ jwtFromRequest, secretOrKeyProvider: keys, issuer, audience, algorithms: ['RS256'] })
  }

  validate(claims) {
    return claims
  }
}

/** What the module and its one route are made of; `answer` is what the handler does. */
const parts = {
  bare: () => ({ answer: () => body }),
  'empty guard': () => ({ providers: [{ provide: APP_GUARD, useClass: EmptyGuard }], answer: () => body }),
  Sallyport: async () => {
    const { AuthModule } = await import('@sallyport/nestjs')
    return {
      imports: [AuthModule.forRoot({ issuer, audience, jwksUri })],
      answer: ({ auth }) => bodyFor(auth.subject),
    }
  },
  'passport-jwt': () => ({
    providers: [JwtStrategy],
    guard: AuthGuard('jwt'),
    answer: ({ user }) => bodyFor(user.sub),
  }),
}

const { imports = [], providers = [], guard, answer } = await parts[name]()

class AppController {
  hello(request) {
    return answer(request)
  }
}

class AppModule {}

const route = Object.getOwnPropertyDescriptor(AppController.prototype, 'hello')
Get()(AppController.prototype, 'hello', route)
Req()(AppController.prototype, 'hello', 0)
if (guard !== undefined) UseGuards(guard)(AppController.prototype, 'hello', route)
Controller()(AppController)
Module({ imports, providers, controllers: [AppController] })(AppModule)

const adapter = platform === 'fastify' ? new FastifyAdapter() : new ExpressAdapter()
const app = await NestFactory.create(AppModule, adapter, { logger: ['error'] })
await app.listen(0, '127.0.0.1')
announce(app.getHttpServer().address().port)
