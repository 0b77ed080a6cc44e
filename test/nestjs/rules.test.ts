// Who may call a handler: what its class says, what it says itself, and what other decorators do to it.
import { applyDecorators, Controller, Get, Scope, type Type, UseGuards } from '@nestjs/common'
import { ContextIdFactory, type ContextIdStrategy } from '@nestjs/core'
import { RouterExecutionContext } from '@nestjs/core/router/router-execution-context.js'
import { type Policy, param, policy, policySet } from '@sallyport/core'
import { Auth, CurrentAuth, claim, OptionalAuth, Public, scope } from '@sallyport/nestjs'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createNest, type KnownIssuer, knownIssuer, moduleOf, platforms, serveNest } from './served-nest.js'

let known: KnownIssuer
beforeAll(async () => {
  known = await knownIssuer()
})
afterAll(() => known[Symbol.asyncDispose]())

/** Who is let in: nobody in particular, somebody without any scope, and those with scopes. */
async function statusesOf(controllers: Type[], path: string, scopes: readonly string[], options = {}) {
  await using served = await serveNest(moduleOf({ imports: [known.authModule(options)], controllers }))
  const statuses: Record<string, number> = { nobody: (await served.get(path)).status }
  for (const granted of ['', ...scopes])
    statuses[granted] = (await served.get(path, await known.idp.asUser({ scope: granted }))).status
  return statuses
}

async function failure(controllers: Type[], options = {}): Promise<unknown> {
  const app = await createNest(moduleOf({ imports: [known.authModule(options)], controllers }))
  try {
    await app.init()
  } catch (error) {
    return error
  } finally {
    await app.close()
  }
  throw new Error('it started')
}

const configurationError = (message: RegExp) => ({
  name: 'ConfigurationError',
  message: expect.stringMatching(message),
})

/** A controller of one route, `/`. */
function controllerOf(ofClass: readonly ClassDecorator[], ofMethod: readonly MethodDecorator[]): Type {
  @applyDecorators(Controller(), ...ofClass)
  class Made {
    @applyDecorators(Get(), ...ofMethod)
    find(@CurrentAuth() auth?: { subject: string }) {
      return { subject: auth?.subject ?? null }
    }
  }
  return Made
}

describe('a handler that says nothing', () => {
  it('asks for a good token', async () => {
    expect(await statusesOf([controllerOf([], [])], '/', ['read'])).toEqual({ nobody: 401, '': 200, read: 200 })
  })

  it('asks for the policy of the options, where there is one', async () => {
    expect(await statusesOf([controllerOf([], [])], '/', ['read'], { policy: scope('read') })).toEqual({
      nobody: 401,
      '': 403,
      read: 200,
    })
  })
})

describe('@Auth', () => {
  const all = ['a', 'b', 'a b']
  it.each([
    ['on the class', [Auth(scope('a'))], [], { '': 403, a: 200, b: 403, 'a b': 200 }],
    ['on the method', [], [Auth(scope('b'))], { '': 403, a: 403, b: 200, 'a b': 200 }],
    [
      'on both, where both are asked for',
      [Auth(scope('a'))],
      [Auth(scope('b'))],
      { '': 403, a: 403, b: 403, 'a b': 200 },
    ],
    [
      'on both, where the method replaces',
      [Auth(scope('a'))],
      [Auth(scope('b'), { replace: true })],
      { '': 403, a: 403, b: 200, 'a b': 200 },
    ],
    [
      'without a policy on the method, beside that of the class',
      [Auth(scope('a'))],
      [Auth()],
      { '': 403, a: 200, b: 403, 'a b': 200 },
    ],
    [
      'without a policy on the method, that replaces',
      [Auth(scope('a'))],
      [Auth(undefined, { replace: true })],
      { '': 200, a: 200, b: 200, 'a b': 200 },
    ],
    ['on the class without a policy', [Auth()], [], { '': 200, a: 200, b: 200, 'a b': 200 }],
    ['twice on the method', [], [Auth(scope('a')), Auth(scope('b'))], { '': 403, a: 403, b: 403, 'a b': 200 }],
    ['twice on the class', [Auth(scope('a')), Auth(scope('b'))], [], { '': 403, a: 403, b: 403, 'a b': 200 }],
    ['on the method of a public class', [Public()], [Auth(scope('a'))], { '': 403, a: 200, b: 403, 'a b': 200 }],
    [
      'on the method of an optional class',
      [OptionalAuth()],
      [Auth(scope('a'))],
      { '': 403, a: 200, b: 403, 'a b': 200 },
    ],
  ] as [string, ClassDecorator[], MethodDecorator[], Record<string, number>][])(
    '%s',
    async (_, ofClass, ofMethod, expected) => {
      expect(await statusesOf([controllerOf(ofClass, ofMethod)], '/', all)).toEqual({ nobody: 401, ...expected })
    },
  )

  it('names everything that is missing in one refusal', async () => {
    const both = controllerOf([Auth(scope('a'))], [Auth(scope('b'))])
    await using served = await serveNest(moduleOf({ imports: [known.authModule()], controllers: [both] }))
    const { headers } = await served.get('/', await known.idp.asUser())
    expect(headers.get('www-authenticate')).toContain('scope="a b"')
  })

  it('with a policy stands in place of the policy of the options, and without one for it', async () => {
    const policy = scope('default')
    const asked = { policy }
    expect(await statusesOf([controllerOf([], [Auth(scope('a'))])], '/', ['a', 'default'], asked)).toEqual({
      nobody: 401,
      '': 403,
      a: 200,
      default: 403,
    })
    expect(await statusesOf([controllerOf([], [Auth()])], '/', ['a', 'default'], asked)).toEqual({
      nobody: 401,
      '': 403,
      a: 403,
      default: 200,
    })
  })

  describe('by name', () => {
    const policies = policySet(
      policy('orders.read', { allow: scope('a') }),
      policy('orders.write', { allow: scope('b') }),
    )

    it('asks for the policy of that name, on class and method', async () => {
      const made = controllerOf([Auth('orders.read')], [Auth('orders.write')])
      expect(await statusesOf([made], '/', all, { policies })).toEqual({
        nobody: 401,
        '': 403,
        a: 403,
        b: 403,
        'a b': 200,
      })
    })

    it.each([
      ['the method', [], [Auth('orders.remove')]],
      ['the class', [Auth('orders.remove')], []],
    ] as [string, ClassDecorator[], MethodDecorator[]][])(
      'stops the start where %s names one that is not there',
      async (_, ofClass, ofMethod) => {
        expect(await failure([controllerOf(ofClass, ofMethod)], { policies })).toMatchObject(
          configurationError(/Made\.find.*orders\.remove/),
        )
      },
    )

    it('stops the start where there are no policies at all', async () => {
      expect(await failure([controllerOf([], [Auth('orders.read')])])).toMatchObject(
        configurationError(/Made\.find.*orders\.read/),
      )
    })
  })

  it.each([[{}], [{ scope: 'a' }], [null], [() => true], [7], ['']])('takes no %j', (policy) => {
    expect(() => Auth(policy as unknown as Policy)).toThrow(expect.objectContaining({ name: 'ConfigurationError' }))
  })
})

describe('@Public and @OptionalAuth', () => {
  const outcomes = async (made: Type) => {
    await using served = await serveNest(moduleOf({ imports: [known.authModule()], controllers: [made] }))
    const outcome = async (headers?: Record<string, string>) => {
      const { status, body } = await served.get('/', headers)
      return status === 200 ? body.subject : body.code
    }
    return [
      await outcome(),
      await outcome({ authorization: 'Bearer x' }),
      await outcome(await known.idp.asUser({ sub: 'ann' })),
    ]
  }
  const isPublic = [null, null, null]
  const isOptional = [null, 'token_malformed', 'ann']
  const isRequired = ['credential_missing', 'token_malformed', 'ann']
  it.each([
    ['@Public on the class', [Public()], [], isPublic],
    ['@Public on the method', [], [Public()], isPublic],
    ['@Public on both', [Public()], [Public()], isPublic],
    ['@OptionalAuth on the class', [OptionalAuth()], [], isOptional],
    ['@OptionalAuth on the method', [], [OptionalAuth()], isOptional],
    ['@OptionalAuth in a public class', [Public()], [OptionalAuth()], isOptional],
    ['@Public in an optional class', [OptionalAuth()], [Public()], isPublic],
    ['@Public in a class with a policy', [Auth(scope('a'))], [Public()], isPublic],
    ['@OptionalAuth in a class with a policy', [Auth(scope('a'))], [OptionalAuth()], isOptional],
    ['@Auth in a public class', [Public()], [Auth()], isRequired],
    ['@Auth in an optional class', [OptionalAuth()], [Auth()], isRequired],
  ] as [string, ClassDecorator[], MethodDecorator[], unknown[]][])('%s', async (_, ofClass, ofMethod, expected) => {
    expect(await outcomes(controllerOf(ofClass, ofMethod))).toEqual(expected)
  })

  it.each([
    ['@Public and @Auth', [Public(), Auth()]],
    ['@Public and @OptionalAuth', [Public(), OptionalAuth()]],
    ['@OptionalAuth and @Auth', [OptionalAuth(), Auth(scope('a'))]],
  ])('%s on one target stop the start', async (_, marks) => {
    expect(await failure([controllerOf([], marks)])).toMatchObject(configurationError(/Made\.find.*contradict/))
    expect(await failure([controllerOf(marks, [])])).toMatchObject(configurationError(/Made.*contradict/))
  })
})

describe('decorators of the application', () => {
  /** Puts another function in the place of the method, and copies nothing to it. */
  const wrapped: MethodDecorator = (_target, _name, descriptor: PropertyDescriptor) => {
    const inner = descriptor.value
    descriptor.value = function (this: unknown, ...args: unknown[]) {
      return inner.apply(this, args)
    }
  }

  @Controller()
  class Wrapped {
    @Get('outside') @wrapped @Auth(scope('a')) outside() {}
    @Get('inside') @Auth(scope('a')) @wrapped inside() {}
    @Get('public') @wrapped @Public() open() {}
  }

  it('that wrap a method lose nothing of its policy, wherever they stand', async () => {
    expect(await statusesOf([Wrapped], '/outside', ['a'])).toEqual({ nobody: 401, '': 403, a: 200 })
    expect(await statusesOf([Wrapped], '/inside', ['a'])).toEqual({ nobody: 401, '': 403, a: 200 })
    expect(await statusesOf([Wrapped], '/public', ['a'])).toEqual({ nobody: 200, '': 200, a: 200 })
  })

  it('that are composed hold what they are composed of', async () => {
    const Admin = () => applyDecorators(Auth(scope('a')), UseGuards())
    const AdminWrite = () => applyDecorators(Admin(), Auth(scope('b')))
    expect(await statusesOf([controllerOf([Admin()], [])], '/', ['a'])).toEqual({ nobody: 401, '': 403, a: 200 })
    expect(await statusesOf([controllerOf([], [AdminWrite()])], '/', ['a', 'a b'])).toEqual({
      nobody: 401,
      '': 403,
      a: 403,
      'a b': 200,
    })
  })

  it.each(platforms)('and instrumentation that wraps every handler leave each its rule, on %s', async (_, platform) => {
    const create = RouterExecutionContext.prototype.create
    RouterExecutionContext.prototype.create = function (
      this: RouterExecutionContext,
      ...args: Parameters<typeof create>
    ) {
      const handler = args[1]
      const stand = function (this: unknown, ...params: unknown[]) {
        return handler.apply(this, params)
      }
      for (const key of Reflect.getMetadataKeys(handler))
        Reflect.defineMetadata(key, Reflect.getMetadata(key, handler), stand)
      args[1] = stand
      return create.apply(this, args)
    } as typeof create
    try {
      await using served = await serveNest(moduleOf({ imports: [known.authModule()], controllers: [Wrapped] }), {
        platform,
      })
      expect((await served.get('/outside')).status).toBe(401)
      expect((await served.get('/outside', await known.idp.asUser())).status).toBe(403)
      expect((await served.get('/outside', await known.idp.asUser({ scope: 'a' }))).status).toBe(200)
      expect((await served.get('/public')).status).toBe(200)
    } finally {
      RouterExecutionContext.prototype.create = create
    }
  })

  it('that put the same function under two rules stop the start', async () => {
    const shared = () => ({ ok: true })
    const replaced: MethodDecorator = (_target, _name, descriptor: PropertyDescriptor) => {
      descriptor.value = shared
    }
    @Controller()
    class Twins {
      @Auth(scope('a')) @replaced guarded() {}
      @Public() @replaced open() {}
    }
    Get('guarded')(Twins.prototype, 'guarded', Object.getOwnPropertyDescriptor(Twins.prototype, 'guarded') as object)
    expect(await failure([Twins])).toMatchObject(configurationError(/Twins\.(guarded|open)/))
  })
})

describe('a class that extends another', () => {
  class Base {
    @Get('plain') plain() {}
    @Auth(scope('b')) @Get('marked') marked() {}
    @Public() @Get('open') open() {}
  }

  it('has its methods, with their marks, under its own', async () => {
    @Controller('x')
    @Auth(scope('a'))
    class X extends Base {}
    @Controller('y')
    class Y extends Base {}
    @Controller('z')
    @Public()
    class Z extends Base {}
    const all = [X, Y, Z]
    const scopes = ['a', 'b', 'a b']
    expect(await statusesOf(all, '/x/plain', scopes)).toEqual({ nobody: 401, '': 403, a: 200, b: 403, 'a b': 200 })
    expect(await statusesOf(all, '/y/plain', scopes)).toEqual({ nobody: 401, '': 200, a: 200, b: 200, 'a b': 200 })
    expect(await statusesOf(all, '/z/plain', scopes)).toEqual({ nobody: 200, '': 200, a: 200, b: 200, 'a b': 200 })
    expect(await statusesOf(all, '/x/marked', scopes)).toEqual({ nobody: 401, '': 403, a: 403, b: 403, 'a b': 200 })
    expect(await statusesOf(all, '/y/marked', scopes)).toEqual({ nobody: 401, '': 403, a: 403, b: 200, 'a b': 200 })
    expect(await statusesOf(all, '/z/marked', scopes)).toEqual({ nobody: 401, '': 403, a: 403, b: 200, 'a b': 200 })
    expect(await statusesOf(all, '/x/open', scopes)).toMatchObject({ nobody: 200 })
  })

  @Auth(scope('a'))
  class Guarded extends Base {}

  it('has the marks of the nearest class that has any', async () => {
    @Controller()
    class Silent extends Guarded {}
    @Controller()
    @Auth(scope('c'))
    class Own extends Guarded {}
    expect(await statusesOf([Silent], '/plain', ['a', 'c'])).toEqual({ nobody: 401, '': 403, a: 200, c: 403 })
    expect(await statusesOf([Own], '/plain', ['a', 'c'])).toEqual({ nobody: 401, '': 403, a: 403, c: 200 })
  })

  it('says for itself who may call what it overrides', async () => {
    @Controller()
    class Overriding extends Base {
      @Auth(scope('c')) @Get('marked') override marked() {}
      @Get('open') override open() {}
    }
    expect(await statusesOf([Overriding], '/marked', ['b', 'c'])).toEqual({ nobody: 401, '': 403, b: 403, c: 200 })
    expect(await statusesOf([Overriding], '/open', [])).toEqual({ nobody: 401, '': 200 })
  })
})

describe('controllers that are made for a request', () => {
  let made = 0

  @Auth(scope('a'))
  @Controller({ path: 'request', scope: Scope.REQUEST })
  class RequestScoped {
    constructor() {
      made += 1
    }
    @Get() find(@CurrentAuth() auth: { subject: string }) {
      return { subject: auth.subject }
    }
  }

  @Auth(scope('a'))
  @Controller({ path: 'durable', scope: Scope.REQUEST, durable: true })
  class Durable extends RequestScoped {}

  class ByTenant implements ContextIdStrategy {
    readonly #trees = new Map<string, ReturnType<typeof ContextIdFactory.create>>()
    attach(contextId: ReturnType<typeof ContextIdFactory.create>, request: { headers: Record<string, string> }) {
      const tenant = request.headers['x-tenant'] ?? ''
      const tree = this.#trees.get(tenant) ?? ContextIdFactory.create()
      this.#trees.set(tenant, tree)
      return { resolve: (info: { isTreeDurable: boolean }) => (info.isTreeDurable ? tree : contextId), payload: {} }
    }
  }

  it.each(platforms)('are protected as others are, on %s', async (_, platform) => {
    ContextIdFactory.apply(new ByTenant())
    const module = moduleOf({ imports: [known.authModule()], controllers: [RequestScoped, Durable] })
    await using served = await serveNest(module, { platform })
    for (const path of ['/request', '/durable']) {
      made = 0
      expect((await served.get(path)).status).toBe(401)
      expect((await served.get(path, await known.idp.asUser())).status).toBe(403)
      for (const sub of ['ann', 'bob'])
        expect((await served.get(path, await known.idp.asUser({ sub, scope: 'a' }))).body).toEqual({ subject: sub })
      expect(made).toBeGreaterThan(0)
    }
  })
})

describe('policies about the route', () => {
  it.each(platforms)('read its parameters, on %s', async (_, platform) => {
    @Controller('tenants/:tenantId')
    class Tenants {
      @Auth(claim('tenant').equals(param('tenantId'))) @Get('orders') find() {}
    }
    await using served = await serveNest(moduleOf({ imports: [known.authModule()], controllers: [Tenants] }), {
      platform,
    })
    const user = await known.idp.asUser({ tenant: 'acme' })
    expect((await served.get('/tenants/acme/orders', user)).status).toBe(200)
    expect((await served.get('/tenants/other/orders', user)).body).toMatchObject({ code: 'policy_denied' })
  })
})
