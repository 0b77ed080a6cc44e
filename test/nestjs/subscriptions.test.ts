// Subscriptions of GraphQL over graphql-ws: the token comes with the upgrade or after it, and what it opened ends with it.
import { EventEmitter, on, once } from 'node:events'
import { ApolloDriver, type ApolloDriverConfig } from '@nestjs/apollo'
import { Args, GraphQLModule, Resolver, Subscription } from '@nestjs/graphql'
import type { Principal, Verifier } from '@sallyport/core'
import { Auth, CurrentAuth, claim, Public, param, scope, VERIFIER } from '@sallyport/nestjs'
import { type Client, createClient } from 'graphql-ws'
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest'
import { WebSocket } from 'ws'
import { type KnownIssuer, knownIssuer, moduleOf, platforms, type ServedNest, serveNest } from './served-nest.js'

const typeDefs = `
  type Query { nothing: String }
  type Subscription { ticks: String!, scoped: String!, open: String!, tenant(tenantId: String!): String! }
`

/** Where the events come from. Each asks for them at once, so that none is lost. */
const source = new EventEmitter().setMaxListeners(0)
let asked: (string | undefined)[] = []

async function* events(name: string, shown: (value: string) => string) {
  asked.push(name)
  source.emit('asked')
  for await (const [value] of on(source, 'tick')) yield { [name]: shown(value) }
}

@Resolver()
class Ticks {
  @Subscription() ticks(@CurrentAuth() auth: Principal) {
    return events('ticks', (value) => `${value} for ${auth.subject}`)
  }
  @Auth(scope('read')) @Subscription() scoped() {
    return events('scoped', (value) => value)
  }
  @Public() @Subscription() open(@CurrentAuth() auth?: Principal) {
    return events('open', (value) => `${value} for ${auth?.subject ?? 'nobody'}`)
  }
  @Auth(claim('tenant').equals(param('tenantId'))) @Subscription() tenant(@Args('tenantId') tenantId: string) {
    return events('tenant', (value) => `${value} of ${tenantId}`)
  }
}

interface Came {
  /** Values, refusals and the end, in their order. */
  readonly all: readonly unknown[]
  /** Waits for the next of them. */
  next(): Promise<unknown>
}

/** A client whose upgrade has these headers. */
function clientOf(
  url: string,
  headers: Record<string, string>,
  connectionParams: Record<string, unknown> = {},
): Client {
  class WithHeaders extends WebSocket {
    constructor(address: string, protocols: string[]) {
      super(address, protocols, { headers })
    }
  }
  return createClient({
    url: `${url.replace('http', 'ws')}/graphql`,
    webSocketImpl: WithHeaders,
    connectionParams,
    retryAttempts: 0,
    lazyCloseTimeout: 0,
    onNonLazyError: () => undefined,
  })
}

function subscribe(client: Client, query: string): Came {
  const all: unknown[] = []
  const arrived = new EventEmitter()
  const came = (value: unknown): void => {
    all.push(value)
    arrived.emit('came')
  }
  let read = 0
  client.subscribe(
    { query },
    {
      next: ({ data, errors }) => came(data ?? errors),
      error: (error: unknown) => came(Array.isArray(error) || error instanceof Error ? error : closed(error)),
      complete: () => came('complete'),
    },
  )
  return {
    all,
    async next() {
      if (all.length === read) await once(arrived, 'came')
      read += 1
      return all[read - 1]
    },
  }
}

const closed = (event: unknown) => {
  const { code, reason } = event as { code: number; reason: string }
  return { closed: code, reason }
}

const refusal = (code: string, problem: string) => [
  expect.objectContaining({
    extensions: expect.objectContaining({ code, problem: expect.objectContaining({ code: problem }) }),
  }),
]

describe.each(platforms)('subscriptions on %s', (_, platform) => {
  let known: KnownIssuer
  let served: ServedNest
  const clients: Client[] = []

  beforeAll(async () => {
    known = await knownIssuer()
    served = await serveNest(appOf(), { platform })
  })
  afterEach(async () => {
    vi.useRealTimers()
    asked = []
    for (const client of clients.splice(0)) await client.dispose()
  })
  afterAll(async () => {
    await served[Symbol.asyncDispose]()
    await known[Symbol.asyncDispose]()
  })

  const appOf = (options: Partial<ApolloDriverConfig> = {}) =>
    moduleOf({
      imports: [
        known.authModule(),
        GraphQLModule.forRoot<ApolloDriverConfig>({
          driver: ApolloDriver,
          typeDefs,
          subscriptions: { 'graphql-ws': true },
          ...options,
        }),
      ],
      providers: [Ticks],
    })

  function client(headers: Record<string, string>, params?: Record<string, unknown>, url = served.url): Client {
    const made = clientOf(url, headers, params)
    clients.push(made)
    return made
  }

  /** Subscribes, and waits until the resolver was asked. */
  async function subscribed(by: Client, query: string): Promise<Came> {
    const arrived = once(source, 'asked')
    const came = subscribe(by, query)
    await arrived
    await vi.waitFor(() => expect(source.listenerCount('tick')).toBeGreaterThan(0))
    return came
  }

  it.each([
    ['with the upgrade', true, false],
    ['in the parameters of the connection', false, true],
  ])('open with a token %s', async (_case, inHeader, inParams) => {
    const ann = await known.idp.asUser({ sub: 'ann' })
    const came = await subscribed(
      client(inHeader ? ann : {}, inParams ? { Authorization: ann.authorization } : {}),
      'subscription { ticks }',
    )
    source.emit('tick', '1')
    source.emit('tick', '2')
    expect([await came.next(), await came.next()]).toEqual([{ ticks: '1 for ann' }, { ticks: '2 for ann' }])
  })

  it.each([
    ['no token', [], 'UNAUTHENTICATED', 'credential_missing'],
    ['a token in both places', ['header', 'params'], 'BAD_REQUEST', 'credential_ambiguous'],
    ['two in the parameters', ['params', 'PARAMS'], 'BAD_REQUEST', 'credential_ambiguous'],
  ] as [string, string[], string, string][])('with %s see no event', async (_case, places, code, problem) => {
    const { authorization } = await known.idp.asUser({ sub: 'ann' })
    const params = {
      ...(places.includes('params') && { authorization }),
      ...(places.includes('PARAMS') && { AUTHORIZATION: authorization }),
    }
    const headers: Record<string, string> = places.includes('header') ? { authorization } : {}
    const came = subscribe(client(headers, params), 'subscription { ticks }')
    expect(await came.next()).toEqual(refusal(code, problem))
    source.emit('tick', '1')
    expect({ all: came.all.length, asked }).toEqual({ all: 1, asked: [] })
  })

  it('take nothing but text for a token in the parameters', async () => {
    const { authorization } = await known.idp.asUser({ sub: 'ann' })
    for (const spoiled of [[authorization], { toString: authorization }, 7, null]) {
      const came = subscribe(client({}, { authorization: spoiled }), 'subscription { ticks }')
      expect(await came.next()).toEqual(refusal('UNAUTHENTICATED', 'credential_missing'))
      expect(asked).toEqual([])
    }
  })

  it('ask for their policies, which see the arguments', async () => {
    const ann = await known.idp.asUser({ tenant: 'acme' })
    expect(await subscribe(client(ann), 'subscription { scoped }').next()).toEqual(
      refusal('FORBIDDEN', 'scope_insufficient'),
    )
    expect(await subscribe(client(ann), 'subscription { tenant(tenantId: "other") }').next()).toEqual(
      refusal('FORBIDDEN', 'policy_denied'),
    )
    const came = await subscribed(client(ann), 'subscription { tenant(tenantId: "acme") }')
    source.emit('tick', '1')
    expect(await came.next()).toEqual({ tenant: '1 of acme' })
  })

  it('that are public are open to everybody', async () => {
    const came = await subscribed(client({}), 'subscription { open }')
    source.emit('tick', '1')
    expect(await came.next()).toEqual({ open: '1 for nobody' })
  })

  it('end at the second at which their token has expired, and not one before', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
    const ann = await known.idp.asUser({ sub: 'ann', exp: known.clock() + 5 })
    const arrived = once(source, 'asked')
    const came = subscribe(client(ann), 'subscription { ticks }')
    await arrived
    const pass = async (seconds: number): Promise<void> => {
      known.clock.advance(seconds)
      await vi.advanceTimersByTimeAsync(seconds * 1_000 + 1)
    }
    for (let second = 0; second < 34; second++) await pass(1) // with the tolerance of clocks, 30 seconds
    source.emit('tick', '1')
    expect(await came.next()).toEqual({ ticks: '1 for ann' })
    await pass(1)
    vi.useRealTimers()
    expect(await came.next()).toEqual({ closed: 1008, reason: 'token_expired' })
  })

  it('end when their session is revoked, and no other does', async () => {
    const [ann, bob] = [
      await subscribed(client(await known.idp.asUser({ sub: 'ann', sid: 's1' })), 'subscription { ticks }'),
      await subscribed(client(await known.idp.asUser({ sub: 'bob', sid: 's2' })), 'subscription { ticks }'),
    ]
    await served.app.get<Verifier>(VERIFIER).revoke({ session: 's1' })
    expect(await ann.next()).toEqual({ closed: 1008, reason: 'token_revoked' })
    source.emit('tick', '1')
    expect(await bob.next()).toEqual({ ticks: '1 for bob' })
  })

  it('leave nothing behind when they end by themselves', async () => {
    const warned = vi.fn()
    process.on('warning', warned)
    const ann = client(await known.idp.asUser({ sub: 'ann' }))
    await subscribed(ann, 'subscription { open }') // keeps the socket open
    for (let turn = 0; turn < 20; turn++) {
      const arrived = once(source, 'asked')
      const iterator = ann.iterate({ query: 'subscription { ticks }' })
      const first = iterator.next()
      await arrived
      await vi.waitFor(() => expect(source.listenerCount('tick')).toBeGreaterThan(1))
      source.emit('tick', '1')
      await first
      await iterator.return?.()
    }
    process.off('warning', warned)
    expect(warned).not.toHaveBeenCalled()
  })

  it.each<[string, ApolloDriverConfig['context']]>([
    ['hands over what graphql-ws knows', (context: object) => ({ req: context })],
    [
      'hands over what graphql-ws knows, by its own names',
      ({ extra, connectionParams }: Record<string, unknown>) => ({ extra, connectionParams, req: undefined }),
    ],
    ['says nothing of it', () => ({ tenant: 1 })],
  ])('open where a context function of the application %s', async (_case, context) => {
    await using own = await serveNest(appOf({ context }), { platform })
    const ann = await known.idp.asUser({ sub: 'ann' })
    const came = await subscribed(client(ann, {}, own.url), 'subscription { ticks }')
    source.emit('tick', '1')
    expect(await came.next()).toEqual({ ticks: '1 for ann' })
    expect(await subscribe(client({}, {}, own.url), 'subscription { ticks }').next()).toEqual(
      refusal('UNAUTHENTICATED', 'credential_missing'),
    )
  })

  it('are refused where the context holds no socket that could be closed', async () => {
    const context = ({ extra }: { extra: { request: unknown } }) => ({ req: { extra: { request: extra.request } } })
    await using own = await serveNest(appOf({ context: context as never }), { platform })
    const came = subscribe(client(await known.idp.asUser({ sub: 'ann' }), {}, own.url), 'subscription { ticks }')
    const [error] = (await came.next()) as readonly { message: string }[]
    expect(error?.message).toMatch(/needs a socket/)
    source.emit('tick', '1')
    expect(asked).toEqual([])
  })
})
