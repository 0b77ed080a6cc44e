// How a refusal reaches the client through what the application has in the way: filters, interceptors, other guards.

import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import {
  type ArgumentsHost,
  type CallHandler,
  type CanActivate,
  Catch,
  Controller,
  type ExceptionFilter,
  type ExecutionContext,
  Get,
  HttpException,
  Injectable,
  type NestInterceptor,
  type Provider,
  Scope,
  type Type,
  UseFilters,
  UseGuards,
  UseInterceptors,
} from '@nestjs/common'
import { APP_FILTER, APP_GUARD, APP_INTERCEPTOR, BaseExceptionFilter, HttpAdapterHost } from '@nestjs/core'
import type { Principal } from '@sallyport/core'
import { Auth, AuthGuard, CurrentAuth, DeniedException, Public, scope } from '@sallyport/nestjs'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { type KnownIssuer, knownIssuer, moduleOf, platforms, type ServedNest, serveNest } from './served-nest.js'

let known: KnownIssuer
let events: string[] = []
beforeAll(async () => {
  known = await knownIssuer()
})
beforeEach(() => {
  events = []
})
afterAll(() => known[Symbol.asyncDispose]())

interface AnyReply {
  getHeader(name: string): unknown
  header(name: string, value: string): unknown
  status(code: number): { send(body: unknown): unknown }
}

/** Catches everything, and answers in the words of the application. */
@Catch()
class CatchAll implements ExceptionFilter {
  catch(exception: unknown, host: ArgumentsHost): void {
    const reply = host.switchToHttp().getResponse<AnyReply>()
    const status = exception instanceof HttpException ? exception.getStatus() : 500
    const code = exception instanceof DeniedException ? exception.denied.code : String(exception)
    const body = exception instanceof HttpException ? exception.getResponse() : undefined
    reply.status(status).send({ caught: code, body, challenge: reply.getHeader('www-authenticate') })
  }
}

@Catch(DeniedException)
class Renamed implements ExceptionFilter<DeniedException> {
  catch({ denied }: DeniedException, host: ArgumentsHost): void {
    host.switchToHttp().getResponse<AnyReply>().status(418).send({ renamed: denied.code })
  }
}

@Catch()
class ByNest extends BaseExceptionFilter {}

@Injectable()
class Noting implements NestInterceptor {
  intercept(_: ExecutionContext, next: CallHandler) {
    events.push('interceptor')
    return next.handle()
  }
}

@Controller()
class Plain {
  @Get() find() {
    events.push('handler')
    return { found: true }
  }
  @Auth(scope('a')) @Get('scoped') scoped() {}
  @UseFilters(Renamed) @Get('renamed') renamed() {}
  @UseInterceptors(Noting) @Get('noted') noted() {
    events.push('handler')
    return {}
  }
}

type Prepare = NonNullable<Parameters<typeof serveNest>[1]>['prepare']

describe.each(platforms)('on %s', (_, platform) => {
  const serve = (providers: Provider[] = [], prepare?: Prepare, controllers: Type[] = [Plain]): Promise<ServedNest> =>
    serveNest(moduleOf({ imports: [known.authModule()], controllers, providers }), {
      platform,
      ...(prepare && { prepare }),
    })

  const refusal = (caught: string) => ({
    caught,
    body: { type: expect.stringContaining(caught), code: caught, title: expect.any(String) },
    challenge: expect.stringMatching(/^Bearer /),
  })

  describe('a refusal', () => {
    it.each<[string, Provider[], Prepare]>([
      ['useGlobalFilters', [], (app) => app.useGlobalFilters(new CatchAll())],
      ['APP_FILTER', [{ provide: APP_FILTER, useClass: CatchAll }], undefined],
      ['APP_FILTER of each request', [{ provide: APP_FILTER, useClass: CatchAll, scope: Scope.REQUEST }], undefined],
    ])(
      'is caught by a filter for everything, from %s, with its headers on the response',
      async (_, providers, prepare) => {
        await using served = await serve(providers, prepare)
        expect(await served.get('/')).toMatchObject({ status: 401, body: refusal('credential_missing') })
        const refused = await served.get('/scoped', await known.idp.asUser())
        expect(refused).toMatchObject({ status: 403, body: refusal('scope_insufficient') })
        expect(refused.headers.get('www-authenticate')).toContain('scope="a"')
        expect((await served.get('/', await known.idp.asUser())).body).toEqual({ found: true })
      },
    )

    it("is caught by a filter of its route alone, and by nobody's of others", async () => {
      await using served = await serve()
      expect(await served.get('/renamed')).toMatchObject({ status: 418, body: { renamed: 'credential_missing' } })
      expect(await served.get('/')).toMatchObject({ status: 401, body: { code: 'credential_missing' } })
    })

    it('is what HttpException is to filters that know nothing of it', async () => {
      await using served = await serve([], (app) =>
        app.useGlobalFilters(new ByNest(app.get(HttpAdapterHost).httpAdapter)),
      )
      const { status, headers, body } = await served.get('/')
      expect({ status, code: body.code, challenge: headers.get('www-authenticate') }).toEqual({
        status: 401,
        code: 'credential_missing',
        challenge: 'Bearer realm="api"',
      })
    })

    it('has the same words with and without such a filter', async () => {
      await using plain = await serve()
      await using filtered = await serve([], (app) =>
        app.useGlobalFilters(new ByNest(app.get(HttpAdapterHost).httpAdapter)),
      )
      expect((await filtered.get('/scoped', await known.idp.asUser())).body).toEqual(
        (await plain.get('/scoped', await known.idp.asUser())).body,
      )
    })

    it('is not seen by interceptors, nor by the handler', async () => {
      await using served = await serve([{ provide: APP_INTERCEPTOR, useClass: Noting }])
      expect((await served.get('/noted')).status).toBe(401)
      expect(events).toEqual([])
      expect((await served.get('/noted', await known.idp.asUser())).status).toBe(200)
      expect(events).toEqual(['interceptor', 'interceptor', 'handler'])
    })

    it('leaves header names exposed that were exposed before', async () => {
      await using served = await serve([], (app) =>
        app.use((_: unknown, response: { setHeader(name: string, value: string): void }, next: () => void) => {
          response.setHeader('Access-Control-Expose-Headers', 'X-Mine')
          next()
        }),
      )
      const { headers } = await served.get('/')
      expect(headers.get('access-control-expose-headers')?.split(', ')).toContain('X-Mine')
    })
  })

  describe('other guards', () => {
    /** Notes who it saw, and what it was told. */
    @Injectable()
    class Seeing implements CanActivate {
      canActivate(context: ExecutionContext): boolean {
        events.push(context.switchToHttp().getRequest().auth?.subject ?? 'nobody')
        return true
      }
    }
    const other = () => moduleOf({ providers: [{ provide: APP_GUARD, useClass: Seeing }] })

    it('of the application come after ours where their module is imported after AuthModule', async () => {
      const app = moduleOf({ imports: [known.authModule(), other()], controllers: [Plain] })
      await using served = await serveNest(app, { platform })
      expect((await served.get('/')).status).toBe(401)
      expect(events).toEqual([])
      await served.get('/', await known.idp.asUser({ sub: 'ann' }))
      expect(events).toEqual(['ann', 'handler'])
    })

    it('of the application come before ours where it is imported before', async () => {
      const app = moduleOf({ imports: [other(), known.authModule()], controllers: [Plain] })
      await using served = await serveNest(app, { platform })
      expect((await served.get('/')).status).toBe(401)
      expect(events).toEqual(['nobody'])
    })

    it('of a handler come after ours', async () => {
      @UseGuards(Seeing)
      @Controller()
      class Seen {
        @Get() find() {}
      }
      await using served = await serve([], undefined, [Seen])
      expect((await served.get('/')).status).toBe(401)
      expect(events).toEqual([])
      await served.get('/', await known.idp.asUser({ sub: 'ann' }))
      expect(events).toEqual(['ann'])
    })

    it('that write request.auth forge nobody', async () => {
      class Forging implements CanActivate {
        canActivate(context: ExecutionContext): boolean {
          context.switchToHttp().getRequest().auth = { subject: 'forged', claims: { sub: 'forged' } }
          return true
        }
      }
      @UseGuards(Forging)
      @Controller()
      class Forged {
        @Get() find(@CurrentAuth() auth: Principal) {
          return { subject: auth.subject }
        }
        @Public() @Get('public') open(@CurrentAuth() auth?: Principal) {
          return { subject: auth?.subject ?? null }
        }
      }
      await using served = await serve([], undefined, [Forged])
      expect((await served.get('/', await known.idp.asUser({ sub: 'ann' }))).body).toEqual({ subject: 'ann' })
      expect((await served.get('/public')).body).toEqual({ subject: null })
    })

    it('that are ours once more judge nothing twice', async () => {
      @UseGuards(AuthGuard, AuthGuard)
      @Controller()
      class Twice {
        @UseGuards(AuthGuard) @Get() find() {}
      }
      await using served = await serve([], undefined, [Twice])
      const decided: unknown[] = []
      const note = (message: unknown) => void decided.push(message)
      subscribe('sallyport:decision', note)
      try {
        expect((await served.get('/', await known.idp.asUser())).status).toBe(200)
        expect((await served.get('/')).status).toBe(401)
      } finally {
        unsubscribe('sallyport:decision', note)
      }
      expect(decided).toHaveLength(2)
    })
  })
})
