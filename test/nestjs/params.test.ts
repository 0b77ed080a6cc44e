// What handlers are told of who passed: @CurrentAuth and @Claim, on HTTP.
import { Controller, Get, type INestApplication, type PipeTransform, Req } from '@nestjs/common'
import type { Principal, RegisteredAuth } from '@sallyport/core'
import { Auth, Claim, CurrentAuth, OptionalAuth, Public } from '@sallyport/nestjs'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type KnownIssuer, knownIssuer, moduleOf, platforms, type ServedNest, serveNest } from './served-nest.js'

class Upper implements PipeTransform {
  transform(value: unknown): unknown {
    return typeof value === 'string' ? value.toUpperCase() : value
  }
}

/** What JSON leaves out is told apart from what is null. */
const shown = (value: unknown) => ({ value: value === undefined ? 'undefined' : value })

@Controller()
class Params {
  @Get('auth') auth(@CurrentAuth() auth: Principal) {
    return { subject: auth.subject, scopes: auth.scopes, claims: auth.claims, token: auth.token.length > 0 }
  }
  @Get('sub') sub(@Claim('sub') sub: string) {
    return shown(sub)
  }
  @Get('roles') roles(@Claim(['realm_access', 'roles']) roles: string[]) {
    return shown(roles)
  }
  @Get('missing') missing(@Claim(['realm_access', 'no', 'such']) nothing: unknown) {
    return shown(nothing)
  }
  @Get('dotted') dotted(@Claim('realm_access.roles') nothing: unknown) {
    return shown(nothing)
  }
  @Get('proto') proto(
    @Claim('__proto__') proto: unknown,
    @Claim('constructor') constructed: unknown,
    @Claim(['constructor', 'prototype']) prototype: unknown,
    @Claim(['realm_access', 'toString']) inherited: unknown,
    @Claim(['sub', 'length']) length: unknown,
  ) {
    return [proto, constructed, prototype, inherited, length].map((value) => shown(value).value)
  }
  @Get('piped') piped(@Claim('tenant', Upper) tenant: string, @Claim('sub', new Upper(), Upper) sub: string) {
    return { value: [tenant, sub] }
  }
  @Public() @Get('public') open(@CurrentAuth() auth: unknown, @Claim('sub') sub: unknown) {
    return [shown(auth).value, shown(sub).value]
  }
  @OptionalAuth() @Get('optional') optional(@CurrentAuth() auth: Principal | undefined, @Claim('sub') sub: unknown) {
    return [shown(auth?.subject).value, shown(sub).value]
  }
  @Public() @Get('raw') raw(@Req() request: { auth?: Principal }) {
    return shown(request.auth?.subject)
  }
  @OptionalAuth() @Get('raw-optional') rawOptional(@Req() request: { auth?: Principal }) {
    return shown(request.auth?.subject)
  }
  @Auth() @Get('own') own(@CurrentAuth() auth: RegisteredAuth) {
    return shown((auth as Principal).subject)
  }
}

describe.each(platforms)('on %s', (_, platform) => {
  let known: KnownIssuer
  let served: ServedNest
  beforeAll(async () => {
    known = await knownIssuer()
    served = await serveNest(moduleOf({ imports: [known.authModule()], controllers: [Params] }), {
      platform,
      // What comes before the guard may claim what it likes.
      prepare: (app: INestApplication) =>
        app.use((request: object, _: unknown, next: () => void) => {
          Object.assign(request, { auth: { subject: 'forged', claims: { sub: 'forged' } } })
          next()
        }),
    })
  })
  afterAll(async () => {
    await served[Symbol.asyncDispose]()
    await known[Symbol.asyncDispose]()
  })

  const ann = () => known.idp.asUser({ sub: 'ann', scope: 'a b', tenant: 'acme', realm_access: { roles: ['admin'] } })

  it('@CurrentAuth is who passed', async () => {
    const { body } = await served.get('/auth', await ann())
    expect(body).toMatchObject({ subject: 'ann', scopes: ['a', 'b'], claims: { tenant: 'acme' }, token: true })
  })

  it.each([
    ['/sub', 'ann'],
    ['/roles', ['admin']],
    ['/missing', 'undefined'],
    ['/dotted', 'undefined'],
    ['/piped', ['ACME', 'ANN']],
  ])('@Claim at %s is what the token says', async (path, value) => {
    expect((await served.get(path, await ann())).body).toEqual({ value })
  })

  it('@Claim finds nothing that is no claim of its own', async () => {
    expect((await served.get('/proto', await ann())).body).toEqual(Array(5).fill('undefined'))
  })

  it('@Claim finds a claim with such a name where the token has one', async () => {
    const claims = JSON.parse('{ "constructor": "c", "realm_access": { "toString": "t" } }')
    const { body } = await served.get('/proto', await known.idp.asUser(claims))
    expect(body).toEqual(['undefined', 'c', 'undefined', 't', 'undefined'])
  })

  it('nobody is known on a public route, whatever is sent or was written before', async () => {
    expect((await served.get('/public')).body).toEqual(['undefined', 'undefined'])
    expect((await served.get('/public', await ann())).body).toEqual(['undefined', 'undefined'])
  })

  it('the anonymous are nobody on an optional route, whatever was written before', async () => {
    expect((await served.get('/optional')).body).toEqual(['undefined', 'undefined'])
    expect((await served.get('/optional', await ann())).body).toEqual(['ann', 'ann'])
  })

  it.each(['/raw', '/raw-optional'])('request.auth at %s is nobody, whatever was written before', async (path) => {
    expect((await served.get(path)).body).toEqual({ value: 'undefined' })
  })

  it('concurrent requests keep who they are', async () => {
    const names = Array.from({ length: 20 }, (_, index) => `user-${index}`)
    const bodies = await Promise.all(
      names.map(async (sub) => (await served.get('/sub', await known.idp.asUser({ sub }))).body.value),
    )
    expect(bodies).toEqual(names)
  })
})
