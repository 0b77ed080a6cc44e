// What stops the start: a policy about a route parameter that the route does not have. The parameter may be anywhere on the
// way to the handler.
import { Controller, Get, type INestApplication, type ModuleMetadata, Post, VersioningType } from '@nestjs/common'
import { RouterModule } from '@nestjs/core'
import { policy, policySet } from '@sallyport/core'
import { Auth, allOf, claim, param, use } from '@sallyport/nestjs'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createNest, type KnownIssuer, knownIssuer, moduleOf, platforms, serveNest } from './served-nest.js'

let known: KnownIssuer
beforeAll(async () => {
  known = await knownIssuer()
})
afterAll(() => known[Symbol.asyncDispose]())

const ownTenant = claim('tenant').equals(param('tenantId'))

async function failure(metadata: ModuleMetadata, prepare?: (app: INestApplication) => unknown): Promise<Error> {
  const app = await createNest(
    moduleOf({ ...metadata, imports: [known.authModule({ policies }), ...(metadata.imports ?? [])] }),
  )
  prepare?.(app)
  try {
    await app.init()
  } catch (error) {
    return error as Error
  } finally {
    await app.close()
  }
  throw new Error('it started')
}

const policies = policySet(policy('tenant.own', { allow: ownTenant }))

/** A controller whose one method reads `:tenantId`. */
function reading(ofClass: string | string[] | object, ofMethod: string | string[]) {
  @Controller(ofClass as never)
  class Tenants {
    @Auth(ownTenant) @Get(ofMethod) find() {}
  }
  return Tenants
}

const refused = (message: string) => ({ name: 'ConfigurationError', message: expect.stringContaining(message) })

describe('a route that lacks the parameter of its policy', () => {
  it.each([
    ['nothing of the kind', '', 'orders', '/orders'],
    ['another one', 'tenants/:tenant', 'orders', '/tenants/:tenant/orders'],
    ['one that only begins like it', 'tenants', ':tenantIds', '/tenants/:tenantIds'],
    ['its name as a word', 'tenantId', '', '/tenantId/'],
    ['it on one of several paths of the method', 'tenants', [':tenantId', 'all'], '/tenants/all'],
    ['it on one of several paths of the class', ['tenants/:tenantId', 'all'], 'orders', '/all/orders'],
  ])('has %s', async (_, ofClass, ofMethod, path) => {
    const error = await failure({ controllers: [reading(ofClass, ofMethod)] })
    expect(error).toMatchObject(refused('Tenants.find: the policy reads :tenantId'))
    expect(error.message).toContain(path)
  })

  it('is found through names and inside of larger policies', async () => {
    @Controller()
    class Named {
      @Auth('tenant.own') @Get('orders') find() {}
    }
    @Controller()
    class Inside {
      @Auth(allOf(claim('a').exists(), use('tenant.own'))) @Post('orders') place() {}
    }
    expect(await failure({ controllers: [Named] })).toMatchObject(refused('Named.find: the policy reads :tenantId'))
    expect(await failure({ controllers: [Inside] })).toMatchObject(refused('Inside.place: the policy reads :tenantId'))
  })

  it('is found for the policy of a class, at the first of its methods that lacks it', async () => {
    @Auth(ownTenant)
    @Controller()
    class Guarded {
      @Get('tenants/:tenantId') one() {}
      @Get('tenants') all() {}
      notAHandler() {}
    }
    expect(await failure({ controllers: [Guarded] })).toMatchObject(refused('Guarded.all: the policy reads :tenantId'))
  })

  it('is named with the prefixes that lead to it', async () => {
    class FeatureModule {}
    const feature = { module: FeatureModule, controllers: [reading('orders', 'all')] }
    const routed = RouterModule.register([{ path: 'shop', module: FeatureModule }])
    const error = await failure({ imports: [feature, routed] }, (app) => app.setGlobalPrefix('api'))
    expect(error.message).toContain('/api/shop/orders/all')
  })
})

describe.each(platforms)('a route has the parameter of its policy on %s', (_, platform) => {
  it.each<[string, string | string[] | object, string | string[], string[]]>([
    ['in the path of the method', '', 'tenants/:tenantId', ['/tenants/acme']],
    ['in the path of the class', 'tenants/:tenantId', 'orders', ['/tenants/acme/orders']],
    ['in every path', ['a/:tenantId', 'b/:tenantId'], ['c', 'd'], ['/a/acme/c', '/b/acme/d']],
    [
      'with a version before it',
      { path: 'tenants/:tenantId', version: ['1', '2'] },
      'v',
      ['/v1/tenants/acme/v', '/v2/tenants/acme/v'],
    ],
  ])('%s', async (_, ofClass, ofMethod, paths) => {
    const module = moduleOf({ imports: [known.authModule()], controllers: [reading(ofClass, ofMethod)] })
    await using served = await serveNest(module, {
      platform,
      prepare: (app) => app.enableVersioning({ type: VersioningType.URI }),
    })
    for (const path of paths) {
      expect((await served.get(path, await known.idp.asUser({ tenant: 'acme' }))).status).toBe(200)
      expect((await served.get(path, await known.idp.asUser({ tenant: 'other' }))).status).toBe(403)
    }
  })

  it('in the global prefix, and in that of its module', async () => {
    class FeatureModule {}
    const feature = { module: FeatureModule, controllers: [reading('orders', 'all')] }
    const routed = RouterModule.register([{ path: 'shop/:tenantId', module: FeatureModule }])
    const user = await known.idp.asUser({ tenant: 'acme' })
    {
      await using served = await serveNest(moduleOf({ imports: [known.authModule(), feature, routed] }), { platform })
      expect((await served.get('/shop/acme/orders/all', user)).status).toBe(200)
      expect((await served.get('/shop/other/orders/all', user)).status).toBe(403)
    }
    const prefixed = moduleOf({ imports: [known.authModule()], controllers: [reading('orders', 'all')] })
    await using served = await serveNest(prefixed, { platform, prepare: (app) => app.setGlobalPrefix('t/:tenantId') })
    expect((await served.get('/t/acme/orders/all', user)).status).toBe(200)
    expect((await served.get('/t/other/orders/all', user)).status).toBe(403)
  })
})
