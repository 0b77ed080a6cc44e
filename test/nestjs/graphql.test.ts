// GraphQL through the Apollo driver: queries, mutations and fields are handlers like any others.
import { ApolloDriver, type ApolloDriverConfig } from '@nestjs/apollo'
import { Args, GraphQLModule, Mutation, Parent, Query, ResolveField, Resolver } from '@nestjs/graphql'
import type { Principal } from '@sallyport/core'
import { Auth, Claim, CurrentAuth, claim, OptionalAuth, Public, param, scope } from '@sallyport/nestjs'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import {
  createNest,
  type KnownIssuer,
  knownIssuer,
  moduleOf,
  platforms,
  type ServedNest,
  serveNest,
} from './served-nest.js'

/** Written out: decorators that make a schema need the metadata of types, which not every compiler emits. */
const typeDefs = `
  type Order { id: String!, margin: String, note: String }
  type Query { who: String!, order: Order!, open: String!, maybe: String!, tenant(tenantId: String!): String! }
  type Mutation { place: String! }
`

let ran: string[] = []

@Resolver('Order')
class OrdersResolver {
  @Query() who(@CurrentAuth() auth: Principal, @Claim('tenant') tenant: string) {
    ran.push('who')
    return `${auth.subject} of ${tenant}`
  }
  @Auth(scope('read')) @Query() order() {
    ran.push('order')
    return { id: '1' }
  }
  @Public() @Query() open() {
    ran.push('open')
    return 'open'
  }
  @OptionalAuth() @Query() maybe(@CurrentAuth() auth?: Principal) {
    return auth?.subject ?? 'anonymous'
  }
  @Auth(claim('tenant').equals(param('tenantId')))
  @Query()
  tenant(@Args('tenantId') tenantId: string) {
    return tenantId
  }
  @Auth(scope('write')) @Mutation() place() {
    ran.push('place')
    return 'placed'
  }
  @Auth(scope('margin')) @ResolveField() margin(@Parent() order: { id: string }) {
    ran.push('margin')
    return `margin of ${order.id}`
  }
  @ResolveField() note(@CurrentAuth() auth: Principal) {
    return `for ${auth.subject}`
  }
}

let known: KnownIssuer
beforeAll(async () => {
  known = await knownIssuer()
})
beforeEach(() => {
  ran = []
})
afterAll(() => known[Symbol.asyncDispose]())

const appOf = (options: Partial<ApolloDriverConfig> = {}) =>
  moduleOf({
    imports: [
      known.authModule(),
      GraphQLModule.forRoot<ApolloDriverConfig>({ driver: ApolloDriver, typeDefs, ...options }),
    ],
    providers: [OrdersResolver],
  })

async function ask(served: ServedNest, query: string, headers: Record<string, string> = {}) {
  const { body } = await served.post('/graphql', { query }, headers)
  return body
}

const refusal = (code: string, problem: string) => [
  expect.objectContaining({
    extensions: expect.objectContaining({ code, problem: expect.objectContaining({ code: problem }) }),
  }),
]

describe.each(platforms)('GraphQL on %s', (_, platform) => {
  let served: ServedNest
  beforeAll(async () => {
    served = await serveNest(appOf(), { platform })
  })
  afterAll(() => served[Symbol.asyncDispose]())

  it('knows who asks', async () => {
    const ann = await known.idp.asUser({ sub: 'ann', tenant: 'acme' })
    expect(await ask(served, '{ who }', ann)).toEqual({ data: { who: 'ann of acme' } })
  })

  it.each([
    ['without a token', {}, 'UNAUTHENTICATED', 'credential_missing'],
    ['with a bad one', { authorization: 'Bearer x' }, 'UNAUTHENTICATED', 'token_malformed'],
    ['with a malformed credential', { authorization: 'Bearer a b' }, 'BAD_REQUEST', 'credential_malformed'],
  ])('refuses a query %s, and says why as Apollo says it', async (_case, headers, code, problem) => {
    const { data, errors } = await ask(served, '{ who }', headers as Record<string, string>)
    expect({ data, errors }).toEqual({ data: null, errors: refusal(code, problem) })
    expect(ran).toEqual([])
  })

  it('asks for the policies of queries and mutations', async () => {
    const reader = await known.idp.asUser({ scope: 'read' })
    expect(await ask(served, '{ order { id } }', reader)).toEqual({ data: { order: { id: '1' } } })
    const { errors } = await ask(served, 'mutation { place }', reader)
    expect(errors).toEqual(refusal('FORBIDDEN', 'scope_insufficient'))
    expect(ran).toEqual(['order'])
    expect(await ask(served, 'mutation { place }', await known.idp.asUser({ scope: 'write' }))).toEqual({
      data: { place: 'placed' },
    })
  })

  it('shows the arguments of a field to its policy, as a route shows its parameters', async () => {
    const ann = await known.idp.asUser({ tenant: 'acme' })
    expect(await ask(served, '{ tenant(tenantId: "acme") }', ann)).toEqual({ data: { tenant: 'acme' } })
    const { errors } = await ask(served, '{ tenant(tenantId: "other") }', ann)
    expect(errors).toEqual(refusal('FORBIDDEN', 'policy_denied'))
  })

  it('judges every root field of an operation by its own rule', async () => {
    const several = '{ open maybe who a: tenant(tenantId: "acme") b: tenant(tenantId: "other") order { id } }'
    const { errors } = await ask(served, several.replace('{', '{ first: open'))
    expect(errors.map(({ path }: { path: string[] }) => path[0])).toEqual(
      ['who'].concat(errors.slice(1).map(({ path }: { path: string[] }) => path[0])),
    )
    expect(ran.filter((name) => name !== 'open')).toEqual([])
    const nullable = '{ open maybe }'
    expect(await ask(served, nullable)).toEqual({ data: { open: 'open', maybe: 'anonymous' } })
    expect(await ask(served, '{ open maybe }', await known.idp.asUser({ sub: 'ann' }))).toEqual({
      data: { open: 'open', maybe: 'ann' },
    })
    expect((await ask(served, '{ maybe }', { authorization: 'Bearer x' })).errors).toEqual(
      refusal('UNAUTHENTICATED', 'token_malformed'),
    )
  })

  it('runs every mutation up to the first that is refused, and it and no other is named', async () => {
    const reader = await known.idp.asUser({ scope: 'read' })
    const { errors } = await ask(served, 'mutation { a: place b: place }', reader)
    expect(errors).toEqual(refusal('FORBIDDEN', 'scope_insufficient'))
    expect(ran).toEqual([])
  })

  it('calls field resolvers without asking, unless fieldResolverEnhancers says so', async () => {
    const reader = await known.idp.asUser({ sub: 'ann', scope: 'read' })
    expect(await ask(served, '{ order { margin note } }', reader)).toEqual({
      data: { order: { margin: 'margin of 1', note: 'for ann' } },
    })
    await using strict = await serveNest(appOf({ fieldResolverEnhancers: ['guards'] }), { platform })
    expect(await ask(strict, '{ order { note } }', reader)).toEqual({ data: { order: { note: 'for ann' } } })
    ran = []
    expect((await ask(strict, '{ order { margin } }', reader)).errors).toEqual(
      refusal('FORBIDDEN', 'scope_insufficient'),
    )
    expect(ran).toEqual(['order'])
    const both = await known.idp.asUser({ scope: 'read margin' })
    expect(await ask(strict, '{ order { margin } }', both)).toEqual({ data: { order: { margin: 'margin of 1' } } })
  })

  it('knows nobody on a public field, whatever else the operation asks', async () => {
    @Resolver()
    class Both {
      @Query() private(@CurrentAuth() auth: Principal) {
        return auth.subject
      }
      @Public() @Query() async public(@CurrentAuth() auth?: Principal) {
        return auth?.subject ?? 'nobody'
      }
      @Public() @Mutation() first(@CurrentAuth() auth?: Principal) {
        return auth?.subject ?? 'nobody'
      }
      @Mutation() second(@CurrentAuth() auth: Principal) {
        return auth.subject
      }
    }
    const own = 'type Query { private: String!, public: String! } type Mutation { first: String!, second: String! }'
    const module = moduleOf({
      imports: [known.authModule(), GraphQLModule.forRoot<ApolloDriverConfig>({ driver: ApolloDriver, typeDefs: own })],
      providers: [Both],
    })
    await using app = await serveNest(module, { platform })
    const ann = await known.idp.asUser({ sub: 'ann' })
    expect(await ask(app, 'mutation { second third: first fourth: second }', ann)).toEqual({
      data: { second: 'ann', third: 'nobody', fourth: 'ann' },
    })
  })

  describe('with a context function of the application', () => {
    it.each<[string, ApolloDriverConfig['context']]>([
      ['that hands over the request', ({ req }: { req: unknown }) => ({ req, tenant: 1 })],
      ['that says nothing of it, so that Nest adds it', () => ({ tenant: 1 })],
      ['that claims to know somebody', () => ({ auth: { subject: 'forged' }, user: { sub: 'forged' } })],
    ])('%s, judges that request', async (_case, context) => {
      await using own = await serveNest(
        appOf({
          context:
            platform === platforms[1][1] && context?.length
              ? (request: unknown) => ({ req: request, tenant: 1 })
              : context,
        }),
        { platform },
      )
      const ann = await known.idp.asUser({ sub: 'ann', tenant: 'acme' })
      expect(await ask(own, '{ who }', ann)).toEqual({ data: { who: 'ann of acme' } })
      expect((await ask(own, '{ who }')).errors).toEqual(refusal('UNAUTHENTICATED', 'credential_missing'))
    })

    it('that hands over something else, lets nobody pass', async () => {
      await using own = await serveNest(appOf({ context: () => ({ req: { some: 'thing' } }) }), { platform })
      const ann = await known.idp.asUser({ sub: 'ann' })
      const { data, errors } = await ask(own, '{ who }', ann)
      expect({ data, count: errors.length }).toEqual({ data: null, count: 1 })
      expect(ran).toEqual([])
      expect(await ask(own, '{ maybe }')).toMatchObject({ data: null, errors: [{}] }) // not even as anonymous
      expect(await ask(own, '{ open }')).toEqual({ data: { open: 'open' } })
    })

    it.each([
      [
        'forRoot',
        GraphQLModule.forRoot<ApolloDriverConfig>({ driver: ApolloDriver, typeDefs, context: { tenant: 1 } }),
      ],
      [
        'forRootAsync',
        GraphQLModule.forRootAsync<ApolloDriverConfig>({
          driver: ApolloDriver,
          useFactory: () => ({ typeDefs, context: { tenant: 1 } }),
        }),
      ],
    ])('that is no function but one object for all requests, in %s, does not start', async (_case, graphql) => {
      const app = await createNest(moduleOf({ imports: [known.authModule(), graphql], providers: [OrdersResolver] }))
      await expect(app.init()).rejects.toMatchObject({
        name: 'ConfigurationError',
        message: expect.stringMatching(/`context` of GraphQLModule/),
      })
    })
  })

  it('judges every operation of a batch', async () => {
    await using own = await serveNest(appOf({ allowBatchedHttpRequests: true }), { platform })
    const batch = ['{ who }', '{ order { id } }', '{ open }'].map((query) => ({ query }))
    const { body } = await own.post('/graphql', batch, await known.idp.asUser({ sub: 'ann', tenant: 'a' }))
    expect(body).toEqual([
      { data: { who: 'ann of a' } },
      expect.objectContaining({ errors: refusal('FORBIDDEN', 'scope_insufficient') }),
      { data: { open: 'open' } },
    ])
  })
})
