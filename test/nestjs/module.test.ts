// The module: where its options come from, what stops the creation, and what several applications in one process share.
import { Controller, Get, Inject, Injectable, Module } from '@nestjs/common'
import type { Verifier, VerifierOptions } from '@sallyport/core'
import { createTestIssuer } from '@sallyport/core/testing'
import { Auth, AuthModule, type AuthOptionsFactory, CurrentAuth, Public, scope, VERIFIER } from '@sallyport/nestjs'
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest'
import { createNest, type KnownIssuer, knownIssuer, listening, moduleOf, platforms, serveNest } from './served-nest.js'

@Controller()
class Hello {
  @Get('who')
  who(@CurrentAuth() auth: { subject: string }) {
    return { subject: auth.subject }
  }

  @Auth(scope('read'))
  @Get('read')
  read() {
    return { read: true }
  }

  @Public()
  @Get('open')
  open() {
    return { open: true }
  }
}

let known: KnownIssuer
beforeAll(async () => {
  known = await knownIssuer()
})
afterAll(() => known[Symbol.asyncDispose]())
afterEach(() => void vi.unstubAllEnvs())

const appOf = (...imports: object[]) => moduleOf({ imports: imports as never, controllers: [Hello] })

async function expectProtected(module: ReturnType<typeof appOf>): Promise<void> {
  await using served = await serveNest(module)
  expect((await served.get('/who', await known.idp.asUser({ sub: 'ann' }))).body).toEqual({ subject: 'ann' })
  expect(await served.get('/who')).toMatchObject({ status: 401, body: { code: 'credential_missing' } })
}

/** How its creation, or its start, ends. */
async function failure(module: ReturnType<typeof appOf>): Promise<unknown> {
  try {
    await (await createNest(module)).init()
  } catch (error) {
    return error
  }
  throw new Error('it started')
}

@Module({})
class ConfigModule {
  static readonly given: unique symbol = Symbol('given')
  static holding(options: unknown) {
    return {
      module: ConfigModule,
      providers: [{ provide: ConfigModule.given, useValue: options }, OptionsService],
      exports: [ConfigModule.given, OptionsService],
    }
  }
}

@Injectable()
class OptionsService implements AuthOptionsFactory {
  readonly #given: VerifierOptions
  constructor(@Inject(ConfigModule.given) given: VerifierOptions) {
    this.#given = given
  }
  async createAuthOptions() {
    return this.#given
  }
}

describe('the options of AuthModule', () => {
  it('are given to forRoot', () => expectProtected(appOf(AuthModule.forRoot(known.options))))

  it('are made by a factory, with what is injected', () =>
    expectProtected(
      appOf(
        AuthModule.forRootAsync({
          imports: [ConfigModule.holding(known.options)],
          inject: [ConfigModule.given, { token: 'nothing', optional: true }],
          useFactory: async (given: VerifierOptions, nothing: unknown) => {
            expect(nothing).toBeUndefined()
            return given
          },
        }),
      ),
    ))

  it('are made by a class of their own', () =>
    expectProtected(
      appOf(AuthModule.forRootAsync({ imports: [ConfigModule.holding(known.options)], useClass: OptionsService })),
    ))

  it('are made by a provider that is there', () =>
    expectProtected(
      appOf(AuthModule.forRootAsync({ imports: [ConfigModule.holding(known.options)], useExisting: OptionsService })),
    ))

  it.each([
    ['none', {}],
    ['two', { useFactory: () => undefined, useClass: OptionsService }],
    ['two others', { useClass: OptionsService, useExisting: OptionsService }],
  ])('come from exactly one of them, not from %s', (_, sources) => {
    expect(() => AuthModule.forRootAsync(sources)).toThrow(/exactly one of `useFactory`, `useClass` and `useExisting`/)
  })

  it('stop the creation when their factory rejects, with its error', async () => {
    const error = new Error('no configuration today')
    expect(await failure(appOf(AuthModule.forRootAsync({ useFactory: () => Promise.reject(error) })))).toBe(error)
  })

  it.each([
    ['forRoot', () => AuthModule.forRoot()],
    ['a factory', () => AuthModule.forRootAsync({ useFactory: () => undefined })],
  ])('come from the environment where %s has none', async (_, module) => {
    await using idp = Object.assign(await createTestIssuer(), {
      async [Symbol.asyncDispose]() {
        await idp.close()
      },
    })
    vi.stubEnv('SALLYPORT_ISSUER', idp.issuer)
    vi.stubEnv('SALLYPORT_AUDIENCE', idp.audience)
    await using served = await serveNest(appOf(module()))
    expect((await served.get('/who', await idp.asUser({ sub: 'ann' }))).body).toEqual({ subject: 'ann' })
    expect((await served.get('/who', await known.idp.asUser())).status).toBe(401)
  })

  it('stop the creation with a sentence when the environment says nothing', async () => {
    vi.stubEnv('SALLYPORT_ISSUER', undefined)
    vi.stubEnv('SALLYPORT_AUDIENCE', undefined)
    expect(await failure(appOf(AuthModule.forRoot()))).toMatchObject({
      name: 'ConfigurationError',
      message: expect.stringContaining('SALLYPORT_ISSUER'),
    })
  })

  it.each([
    ['no audience', { issuer: 'https://idp.example.com' }, /audience/],
    ['a word that nobody knows', { issuer: 'https://idp.example.com', audience: 'a', isuer: 'x' }, /isuer/],
  ])('stop the creation with a sentence for %s', async (_, options, message) => {
    expect(await failure(appOf(AuthModule.forRoot(options as VerifierOptions)))).toMatchObject({
      name: 'ConfigurationError',
      message: expect.stringMatching(message),
    })
  })
})

describe('AuthModule', () => {
  it('is imported once', async () => {
    const twice = appOf(known.authModule(), moduleOf({ imports: [known.authModule()] }))
    expect(await failure(twice)).toMatchObject({
      name: 'ConfigurationError',
      message: expect.stringMatching(/imported twice/),
    })
  })

  it('counts once when the very same import stands in two modules', async () => {
    const auth = known.authModule()
    await expectProtected(appOf(auth, moduleOf({ imports: [auth] })))
  })

  it('stops the creation where it is imported without options, and nowhere with them', async () => {
    expect(await failure(appOf(AuthModule))).toBeInstanceOf(Error)
  })

  it('closes its verifier when the application shuts down', async () => {
    const app = await createNest(appOf(known.authModule()))
    await app.init()
    const verifier = app.get<Verifier>(VERIFIER)
    const token = await known.idp.issue()
    await verifier.verifyToken(token)
    await app.close()
    await expect(verifier.verifyToken(token)).rejects.toThrow(/closed/)
  })

  it('hands out its verifier everywhere, to explain and to revoke', async () => {
    @Controller()
    class Operations {
      readonly #verifier: Verifier
      constructor(@Inject(VERIFIER) verifier: Verifier) {
        this.#verifier = verifier
      }
      @Public()
      @Get('why')
      async why() {
        return this.#verifier.explain({ headers: {} }, scope('read'))
      }
    }
    const feature = moduleOf({ controllers: [Operations] })
    await using served = await serveNest(appOf(known.authModule(), feature))
    expect((await served.get('/why')).body).toMatchObject({ allowed: false, code: 'credential_missing' })
    const user = await known.idp.asUser({ sub: 'gone' })
    expect((await served.get('/who', user)).status).toBe(200)
    await served.app.get<Verifier>(VERIFIER).revoke({ subject: 'gone', before: known.clock() + 1 })
    expect((await served.get('/who', user)).body).toMatchObject({ code: 'token_revoked' })
  })

  it('protects a context without a server too, and starts it', async () => {
    const { NestFactory } = await import('@nestjs/core')
    const context = await NestFactory.createApplicationContext(appOf(known.authModule()), { logger: false })
    expect(await context.get<Verifier>(VERIFIER).verifyToken(await known.idp.issue())).toMatchObject({
      subject: 'user-1',
    })
    await context.close()
  })
})

describe('several applications in one process', () => {
  it.each(platforms)('each trust their own issuer, over the same controllers, on %s', async (_, platform) => {
    await using other = await knownIssuer()
    const [a, b] = [
      await createNest(appOf(known.authModule()), platform),
      await createNest(appOf(other.authModule()), platform),
    ]
    await using servedA = await listening(a)
    await using servedB = await listening(b)
    const [ann, bob] = [await known.idp.asUser({ sub: 'ann' }), await other.idp.asUser({ sub: 'bob' })]
    expect(await servedA.get('/who', ann)).toMatchObject({ status: 200, body: { subject: 'ann' } })
    expect(await servedB.get('/who', bob)).toMatchObject({ status: 200, body: { subject: 'bob' } })
    expect((await servedA.get('/who', bob)).body).toMatchObject({ code: 'issuer_untrusted' })
    expect((await servedB.get('/who', ann)).body).toMatchObject({ code: 'issuer_untrusted' })
  })

  it('come and go, again and again', async () => {
    for (let turn = 0; turn < 5; turn++) await expectProtected(appOf(known.authModule()))
  })

  it('leave those without AuthModule as they are', async () => {
    await expectProtected(appOf(known.authModule()))
    await using served = await serveNest(moduleOf({ controllers: [Hello] }))
    expect((await served.get('/read')).status).toBe(200)
  })
})
