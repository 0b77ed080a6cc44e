// Microservices: the token travels in the metadata of a message. TCP has none, so the application says where it is; of the
// other transports only their contexts are here, made of what their clients hand over.

import { EventEmitter, once } from 'node:events'
import type { Server } from 'node:net'
import { Controller, Get, type INestApplication, type INestMicroservice, type Type } from '@nestjs/common'
import { NestFactory } from '@nestjs/core'
import {
  type ClientProxy,
  ClientProxyFactory,
  Ctx,
  EventPattern,
  MessagePattern,
  Payload,
  TcpContext,
  Transport,
} from '@nestjs/microservices'
import type { Principal } from '@sallyport/core'
import {
  Auth,
  AuthModule,
  type AuthModuleSettings,
  Claim,
  CurrentAuth,
  OptionalAuth,
  Public,
  scope,
} from '@sallyport/nestjs'
import { firstValueFrom } from 'rxjs'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { nestMajor } from '../fixtures/nest.js'
import { type KnownIssuer, knownIssuer, moduleOf, platforms } from './served-nest.js'

const ran = new EventEmitter()
let events: unknown[] = []
const note = (event: unknown): void => {
  events.push(event)
  ran.emit('ran')
}

@Controller()
class Sums {
  @MessagePattern('who') who(@CurrentAuth() auth: Principal, @Claim('tenant') tenant: string, @Ctx() context: object) {
    note('who')
    return { subject: auth.subject, tenant, tcp: context instanceof TcpContext }
  }
  @Auth(scope('sum')) @MessagePattern({ cmd: 'sum' }) sum(@Payload() { numbers }: { numbers: number[] }) {
    note('sum')
    return numbers.reduce((sum, each) => sum + each, 0)
  }
  @Public() @MessagePattern('time') time(@CurrentAuth() auth?: Principal) {
    return { now: 'now', subject: auth?.subject ?? null }
  }
  @OptionalAuth() @MessagePattern('maybe') maybe(@CurrentAuth() auth?: Principal) {
    return auth?.subject ?? 'anonymous'
  }
  @EventPattern('happened') happened(@Payload() { what }: { what: string }, @CurrentAuth() auth: unknown) {
    note([what, (auth as Principal).subject])
  }
  @Get('http') http() {
    return { ok: true }
  }
}

/** Speaks HTTP alone, beside the other. */
@Controller('quiet')
class Quiet {
  @Get() find() {
    return { ok: true }
  }
}

const inPayload: AuthModuleSettings = {
  messageHeaders: (data) => (data as { meta?: Record<string, unknown> } | undefined)?.meta,
}

let known: KnownIssuer
beforeAll(async () => {
  known = await knownIssuer()
})
beforeEach(() => {
  events = []
})
afterAll(() => known[Symbol.asyncDispose]())

const appOf = (settings: AuthModuleSettings = inPayload, controllers: Type[] = [Sums, Quiet]) =>
  moduleOf({ imports: [AuthModule.forRoot(known.options, settings)], controllers })

interface Served extends AsyncDisposable {
  readonly client: ClientProxy
  /** The answer, or what the client is told in place of one. */
  ask(pattern: unknown, data: object): Promise<unknown>
  emit(pattern: unknown, data: object): Promise<unknown>
  readonly http?: string
}

/** The port that the transport of TCP has taken: told by nobody but its server. */
function portOf(server: { unwrap(): unknown }): number {
  return ((server.unwrap() as Server).address() as { port: number }).port
}

function clientOf(port: number): ClientProxy {
  return ClientProxyFactory.create({ transport: Transport.TCP, options: { host: '127.0.0.1', port } })
}

function servedBy(client: ClientProxy, end: () => Promise<unknown>): Served {
  return {
    client,
    ask: (pattern, data) => firstValueFrom(client.send(pattern, data)).catch((error: unknown) => ({ error })),
    emit: (pattern, data) => firstValueFrom(client.emit(pattern, data), { defaultValue: undefined }),
    async [Symbol.asyncDispose]() {
      await client.close()
      await end()
    },
  }
}

const tcp = { transport: Transport.TCP, options: { host: '127.0.0.1', port: 0 } } as const

async function pure(module = appOf()): Promise<Served> {
  const app: INestMicroservice = await NestFactory.createMicroservice(module, {
    ...tcp,
    logger: false,
    abortOnError: false,
  })
  await app.listen()
  return servedBy(clientOf(portOf(app as unknown as { unwrap(): unknown })), () => app.close())
}

function hybrid(inheritAppConfig: boolean, platform = platforms[0][1]): (module?: Type) => Promise<Served> {
  return async (module = appOf()) => {
    const app = await NestFactory.create<INestApplication>(module, platform(), { logger: false, abortOnError: false })
    const microservice = app.connectMicroservice(tcp, { inheritAppConfig })
    await app.startAllMicroservices()
    await app.listen(0, '127.0.0.1')
    const served = servedBy(clientOf(portOf(microservice)), () => app.close())
    return Object.assign(served, { http: await app.getUrl() })
  }
}

const targets: [string, (module?: Type) => Promise<Served>][] = [
  ['a microservice', pure],
  ['a hybrid application on Express', hybrid(false)],
  ['a hybrid application on Express that hands on its configuration', hybrid(true)],
  ['a hybrid application on Fastify', hybrid(false, platforms[1][1])],
  ['a hybrid application on Fastify that hands on its configuration', hybrid(true, platforms[1][1])],
]

const problem = (code: string, status: number) => ({ error: expect.objectContaining({ code, status }) })

describe.each(targets)('messages over TCP to %s', (_, serve) => {
  let served: Served
  beforeAll(async () => {
    served = await serve()
  })
  afterAll(() => served[Symbol.asyncDispose]())

  const as = async (claims: object) => ({ meta: await known.idp.asUser(claims as never) })

  it('are let in with a good token', async () => {
    const answer = await served.ask('who', await as({ sub: 'ann', tenant: 'acme' }))
    expect(answer).toEqual({ subject: 'ann', tenant: 'acme', tcp: true })
  })

  it.each([
    ['no metadata', {}, 'credential_missing', 401],
    ['no token in it', { meta: {} }, 'credential_missing', 401],
    ['a bad token', { meta: { authorization: 'Bearer x' } }, 'token_malformed', 401],
    ['several', { meta: { authorization: ['Bearer x', 'Bearer y'] } }, 'credential_ambiguous', 400],
    [
      'names that differ in case alone',
      { meta: { authorization: 'Bearer x', Authorization: 'Bearer y' } },
      'credential_ambiguous',
      400,
    ],
    ['what is no text', { meta: { authorization: { toString: 'Bearer x' } } }, 'credential_missing', 401],
    ['metadata that is text', { meta: 'Bearer x' }, 'credential_missing', 401],
  ])('are refused with %s, and their sender reads why', async (_case, data, code, status) => {
    expect(await served.ask('who', data)).toEqual(problem(code, status))
    expect(events).toEqual([])
  })

  it('ask for the policy of their handler', async () => {
    const refused = await served.ask({ cmd: 'sum' }, { ...(await as({ scope: 'read' })), numbers: [1, 2] })
    expect(refused).toEqual(problem('scope_insufficient', 403))
    expect(events).toEqual([])
    expect(await served.ask({ cmd: 'sum' }, { ...(await as({ scope: 'sum' })), numbers: [1, 2] })).toBe(3)
  })

  it('to handlers that are public or optional need no token', async () => {
    expect(await served.ask('time', await as({ sub: 'ann' }))).toEqual({ now: 'now', subject: null })
    expect(await served.ask('maybe', {})).toBe('anonymous')
    expect(await served.ask('maybe', await as({ sub: 'ann' }))).toBe('ann')
    expect(await served.ask('maybe', { meta: { authorization: 'Bearer x' } })).toEqual(problem('token_malformed', 401))
  })

  it('that nobody answers are judged as well', async () => {
    await served.emit('happened', { what: 'bad' })
    await served.emit('happened', { what: 'worse', meta: { authorization: 'Bearer x' } })
    const arrived = once(ran, 'ran')
    await served.emit('happened', { what: 'good', ...(await as({ sub: 'ann' })) })
    await arrived
    expect(events).toEqual([['good', 'ann']])
  })

  it('change nothing for HTTP', async () => {
    if (served.http === undefined) return
    for (const path of ['/http', '/quiet']) {
      const refused = await fetch(served.http + path)
      expect({ status: refused.status, body: await refused.json() }).toMatchObject({
        status: 401,
        body: { code: 'credential_missing' },
      })
      const passed = await fetch(served.http + path, { headers: await known.idp.asUser() })
      expect(await passed.json()).toEqual({ ok: true })
    }
  })
})

describe('messages over TCP', () => {
  it.each(targets)(
    'carry no metadata of their own, so nobody passes unless told where it is, in %s',
    async (_, serve) => {
      await using served = await serve(appOf({}))
      expect(await served.ask('who', { meta: await known.idp.asUser() })).toEqual(problem('credential_missing', 401))
      expect(await served.ask('time', {})).toEqual({ now: 'now', subject: null })
    },
  )

  it.each(targets)('carry metadata of their own since Nest 12, in %s', async (_, serve) => {
    await using served = await serve(appOf({}))
    const { authorization } = await known.idp.asUser({ sub: 'ann' })
    const client = served.client as ClientProxy & { setOnDispatchHook?(hook: (packet: object) => void): void }
    client.setOnDispatchHook?.((packet) => Object.assign(packet, { metadata: { authorization } }))
    const answer = await served.ask('who', {})
    if (nestMajor === '11') expect(answer).toEqual(problem('credential_missing', 401))
    else expect(answer).toMatchObject({ subject: 'ann' })
  })

  it.each(targets)('to a class that no application has had before are protected too, in %s', async (_, serve) => {
    @Controller()
    class Fresh {
      @MessagePattern('fresh') fresh() {
        note('fresh')
        return 'done'
      }
    }
    await using served = await serve(appOf(inPayload, [Fresh]))
    expect(await served.ask('fresh', {})).toEqual(problem('credential_missing', 401))
    expect(events).toEqual([])
    expect(await served.ask('fresh', { meta: await known.idp.asUser() })).toBe('done')
    expect(events).toEqual(['fresh'])
  })

  it('are judged by their own application, where two share their controllers', async () => {
    await using other = await knownIssuer()
    for (const [, serve] of targets) {
      await using a = await serve()
      await using b = await serve(
        moduleOf({ imports: [AuthModule.forRoot(other.options, inPayload)], controllers: [Sums] }),
      )
      const [ann, bob] = [
        { meta: await known.idp.asUser({ sub: 'ann' }) },
        { meta: await other.idp.asUser({ sub: 'bob' }) },
      ]
      expect(await a.ask('who', ann)).toMatchObject({ subject: 'ann' })
      expect(await b.ask('who', bob)).toMatchObject({ subject: 'bob' })
      expect(await a.ask('who', bob)).toEqual(problem('issuer_untrusted', 401))
      expect(await b.ask('who', ann)).toEqual(problem('issuer_untrusted', 401))
    }
  })
})
