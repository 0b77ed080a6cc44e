// The door for tests of an application: its users without its issuer, and everything else as it is.
import { Controller, Get, Inject, type Type } from '@nestjs/common'
import { Test, type TestingModuleBuilder } from '@nestjs/testing'
import { policy, policySet, role, type VerifierOptions } from '@sallyport/core'
import { createTestIssuer, createTestKey } from '@sallyport/core/testing'
import {
  Auth,
  AuthGuard,
  AuthModule,
  Claim,
  CurrentAuth,
  claim,
  OptionalAuth,
  Public,
  param,
  scope,
  VERIFIER,
} from '@sallyport/nestjs'
import { AuthTestingModule, asUser, trustTestUsers } from '@sallyport/nestjs/testing'
import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import { listening, moduleOf, platforms, type ServedNest } from './served-nest.js'

@Controller()
class Orders {
  @Get('who') who(@CurrentAuth() auth: { subject: string }, @Claim('tenant') tenant: string) {
    return { subject: auth.subject, tenant: tenant ?? null }
  }
  @Auth(scope('read')) @Get('scoped') scoped() {}
  @Auth('orders.admin') @Get('admin') admin() {}
  @Auth(claim('tenant').equals(param('tenantId'))) @Get('tenants/:tenantId') tenant() {}
  @Public() @Get('open') open() {}
  @OptionalAuth() @Get('optional') optional() {}
}

/** Nobody answers there: a test that asked it would fail. */
const production: VerifierOptions = {
  issuer: 'https://sso.example.com/realms/shop',
  audience: 'https://api.example.com',
  profile: 'keycloak',
  claims: z.object({ tenant: z.string() }),
  policies: policySet(policy('orders.admin', { allow: role('admin') })),
  fetch: () => Promise.reject(new Error('the issuer was asked')),
} as VerifierOptions

const appModule = (options: VerifierOptions = production): Type =>
  moduleOf({ imports: [AuthModule.forRoot(options)], controllers: [Orders] })

async function serve(builder: TestingModuleBuilder, platform = platforms[0][1]): Promise<ServedNest> {
  const app = (await builder.compile()).createNestApplication(platform(), { logger: false })
  return listening(app)
}

const trusting = (module = appModule()) => trustTestUsers(Test.createTestingModule({ imports: [module] }))

describe.each(platforms)('trustTestUsers on %s', (_, platform) => {
  it('lets the users of asUser in, whose issuer nobody asks', async () => {
    await using served = await serve(trusting(), platform)
    const { status, body } = await served.get('/who', await asUser({ sub: 'ann', tenant: 'acme' }))
    expect({ status, body }).toEqual({ status: 200, body: { subject: 'ann', tenant: 'acme' } })
  })

  it('leaves everything else that the application asks for', async () => {
    await using served = await serve(trusting(), platform)
    const codeOf = async (path: string, headers = {}) => {
      const { status, body } = await served.get(path, headers)
      return status === 200 ? 200 : body.code
    }
    const as = (claims: object) => asUser({ tenant: 'acme', ...claims } as never)
    expect(await codeOf('/who')).toBe('credential_missing')
    expect(await codeOf('/who', await asUser({ sub: 'ann' }))).toBe('claim_invalid')
    expect(await codeOf('/scoped', await as({ scope: 'write' }))).toBe('scope_insufficient')
    expect(await codeOf('/scoped', await as({ scope: 'read' }))).toBe(200)
    expect(await codeOf('/admin', await as({ realm_access: { roles: ['user'] } }))).toBe('policy_denied')
    expect(await codeOf('/admin', await as({ realm_access: { roles: ['admin'] } }))).toBe(200)
    expect(await codeOf('/tenants/acme', await as({}))).toBe(200)
    expect(await codeOf('/tenants/other', await as({}))).toBe('policy_denied')
    expect(await codeOf('/open')).toBe(200)
    expect(await codeOf('/optional')).toBe(200)
    expect(await codeOf('/optional', { authorization: 'Bearer x' })).toBe('token_malformed')
    expect(await codeOf('/who', await as({ aud: 'https://other.example' }))).toBe('audience_mismatch')
    expect(await codeOf('/who', await as({ iss: 'https://evil.example' }))).toBe('issuer_untrusted')
    const past = Math.floor(Date.now() / 1000) - 3_600
    expect(await codeOf('/who', await as({ iat: past, exp: past + 60 }))).toBe('token_expired')
  })
})

describe('trustTestUsers', () => {
  it('lets in users of the own issuer of the application, with what its tokens look like', async () => {
    await using served = await serve(trusting())
    const own = {
      iss: 'https://sso.example.com/realms/shop',
      aud: 'https://api.example.com',
      typ: 'Bearer',
      azp: 'web',
    }
    const real = await asUser({ ...own, sub: 'ann', tenant: 'acme' }, { header: { typ: 'JWT' } })
    expect((await served.get('/who', real)).body).toEqual({ subject: 'ann', tenant: 'acme' })
    const idToken = await asUser({ ...own, typ: 'ID', tenant: 'acme' }, { header: { typ: 'JWT' } })
    expect((await served.get('/who', idToken)).status).toBe(401)
  })

  it('lets in nobody with another key, be it of a real shape', async () => {
    await using served = await serve(trusting())
    const key = await createTestKey('ES256', 'test-users')
    const forged = await asUser({ sub: 'ann', tenant: 'acme' }, { key })
    expect((await served.get('/who', forged)).body).toMatchObject({ code: 'signature_invalid' })
    const idp = await createTestIssuer()
    expect((await served.get('/who', await idp.asUser({ tenant: 'acme' }))).body).toMatchObject({
      code: 'issuer_untrusted',
    })
    await idp.close()
  })

  it('is needed: without it nobody of them passes', async () => {
    await using served = await serve(Test.createTestingModule({ imports: [appModule()] }))
    const refused = await served.get('/who', await asUser({ tenant: 'acme' }))
    expect(refused.body).toMatchObject({ code: 'issuer_untrusted' })
  })

  it.each<[string, () => Type]>([
    [
      'forRootAsync',
      () =>
        moduleOf({ imports: [AuthModule.forRootAsync({ useFactory: async () => production })], controllers: [Orders] }),
    ],
    [
      'options of several issuers',
      () =>
        appModule({
          audience: undefined,
          issuers: [
            { issuer: 'https://a.example', audience: 'a' },
            { issuer: 'https://b.example', audience: 'b' },
          ],
          policies: production.policies,
        } as never),
    ],
    [
      'a shared secret',
      () =>
        appModule({
          issuer: 'self',
          audience: 'api',
          secret: 'x'.repeat(64),
          algorithms: ['HS256'],
          policies: production.policies,
        } as never),
    ],
  ])('works with %s', async (_, module) => {
    await using served = await serve(trusting(module()))
    expect((await served.get('/who', await asUser({ sub: 'ann', tenant: 'acme' }))).body).toMatchObject({
      subject: 'ann',
    })
    expect((await served.get('/who')).status).toBe(401)
  })

  it('works where the options come from the environment, which a test has not', async () => {
    await using served = await serve(trusting(moduleOf({ imports: [AuthModule.forRoot()], controllers: [] })))
    expect(served.app.get(VERIFIER)).toBeDefined()
  })
})

describe('AuthTestingModule', () => {
  @Controller()
  class Part {
    readonly verifier: unknown

    constructor(@Inject(VERIFIER) verifier: unknown) {
      this.verifier = verifier
    }

    @Auth(scope('read')) @Get() find(@CurrentAuth() auth: { subject: string }) {
      return { subject: auth.subject }
    }
  }

  it('stands in for AuthModule where a part of an application is tested, again and again', async () => {
    for (let turn = 0; turn < 2; turn++) {
      await using served = await serve(Test.createTestingModule({ imports: [AuthTestingModule], controllers: [Part] }))
      expect((await served.get('/')).status).toBe(401)
      expect((await served.get('/', await asUser({ scope: 'write' }))).status).toBe(403)
      expect((await served.get('/', await asUser({ sub: 'ann', scope: 'read' }))).body).toEqual({ subject: 'ann' })
    }
  })
})

describe('overrideProvider(AuthGuard)', () => {
  it('turns the guard off for tests of what is behind it', async () => {
    const builder = Test.createTestingModule({ imports: [appModule()] })
    await using served = await serve(builder.overrideProvider(AuthGuard).useValue({ canActivate: () => true }))
    expect((await served.get('/scoped')).status).toBe(200)
  })

  it('can turn it into one that lets nobody pass', async () => {
    const builder = Test.createTestingModule({ imports: [appModule()] })
    await using served = await serve(builder.overrideProvider(AuthGuard).useValue({ canActivate: () => false }))
    expect((await served.get('/open')).status).toBe(403)
  })
})
