// What the transports of Nest hand over, by the classes of their contexts and the shapes of what their clients put in.

import { ExecutionContextHost } from '@nestjs/core/helpers/execution-context-host.js'
import { KafkaContext, MqttContext, NatsContext, RedisContext, RmqContext, TcpContext } from '@nestjs/microservices'
import { createVerifier, type Verifier } from '@sallyport/core'
import { createTestIssuer, type TestIssuer } from '@sallyport/core/testing'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { fromMessage, headersOfTransport, shownRequest, withHeaders } from './shown-request.js'

let idp: TestIssuer
let verifier: Verifier
let good: string
beforeAll(async () => {
  idp = await createTestIssuer()
  verifier = createVerifier({ issuer: idp.issuer, audience: idp.audience, jwks: idp.jwks })
  good = (await idp.asUser({ sub: 'ann' })).authorization
})
afterAll(async () => {
  await verifier.close()
  await idp.close()
})

/** Who passes with it, or the code of the refusal. */
async function outcome(context: unknown, data: unknown = {}): Promise<string> {
  const host = new ExecutionContextHost([data, context])
  host.setType('rpc')
  const decision = await verifier.verify(fromMessage(host, headersOfTransport))
  return decision.allowed ? (decision.auth.subject ?? '') : decision.code
}

/** As `MsgHdrs` of NATS: iterated over, a name comes with its values. */
class NatsHeaders {
  readonly #values: Map<string, string[]>
  constructor(values: Record<string, string[]>) {
    this.#values = new Map(Object.entries(values))
  }
  [Symbol.iterator]() {
    return this.#values.entries()
  }
}

/** As `Metadata` of gRPC: names in lower case, each with several values. */
class GrpcMetadata {
  readonly #values = new Map<string, (string | Buffer)[]>()
  add(name: string, value: string | Buffer): this {
    this.#values.set(name.toLowerCase(), [...this.get(name), value])
    return this
  }
  get(name: string): (string | Buffer)[] {
    return this.#values.get(name.toLowerCase()) ?? []
  }
  getMap(): Record<string, string | Buffer> {
    return Object.fromEntries([...this.#values].map(([name, values]) => [name, values[0] ?? '']))
  }
}

type Headers = Record<string, unknown>

/** The context of a message with these metadata, as each transport has it. */
const transports: [string, (headers: Headers) => unknown][] = [
  ['NATS', (headers) => new NatsContext(['subject', new NatsHeaders(toLists(headers))])],
  [
    'Kafka',
    (headers) => new KafkaContext([{ headers, value: Buffer.from('{}') }, 0, 'topic', {}, () => {}, {}] as never),
  ],
  ['RabbitMQ', (headers) => new RmqContext([{ properties: { headers }, content: Buffer.from('{}') }, {}, 'pattern'])],
  ['TCP of Nest 12', (headers) => new TcpContext([{} as never, 'pattern', headers as never])],
  ['Redis of Nest 12', (headers) => new RedisContext(['channel', headers as never])],
  ['MQTT', (headers) => new MqttContext(['topic', { cmd: 'publish', properties: { userProperties: headers } }])],
  [
    'gRPC',
    (headers) => {
      const metadata = new GrpcMetadata()
      for (const [name, values] of Object.entries(toLists(headers)))
        for (const value of values) metadata.add(name, value)
      return metadata
    },
  ],
]

const toLists = (headers: Headers): Record<string, string[]> =>
  Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, [value].flat() as string[]]))

describe.each(transports)('a message of %s', (name, contextOf) => {
  it('shows the token of its metadata', async () => {
    expect(await outcome(contextOf({ authorization: good }))).toBe('ann')
    expect(await outcome(contextOf({ Authorization: good }))).toBe('ann')
  })

  it('has none where its metadata have none', async () => {
    expect(await outcome(contextOf({ other: good }))).toBe('credential_missing')
    expect(await outcome(contextOf({}))).toBe('credential_missing')
    expect(await outcome(contextOf({}), { authorization: good, headers: { authorization: good } })).toBe(
      'credential_missing',
    )
  })

  it('with several tokens is ambiguous', async () => {
    expect(await outcome(contextOf({ authorization: [good, good] }))).toBe('credential_ambiguous')
    expect(await outcome(contextOf({ authorization: good, Authorization: good }))).toBe('credential_ambiguous')
  })

  it('shows bytes as text, and nothing for what is neither', async () => {
    if (name === 'NATS' || name === 'MQTT') return // text alone
    expect(await outcome(contextOf({ authorization: Buffer.from(good) }))).toBe('ann')
    expect(await outcome(contextOf({ authorization: 7 }))).toBe('credential_missing')
    expect(await outcome(contextOf({ authorization: { toString: good } }))).toBe('credential_missing')
  })
})

describe('a message without metadata', () => {
  it.each<[string, unknown]>([
    ['TCP', new TcpContext([{} as never, 'pattern'] as never)],
    ['Redis', new RedisContext(['channel'] as never)],
    ['NATS', new NatsContext(['subject', undefined])],
    ['Kafka', new KafkaContext([{ value: null }, 0, 'topic', {}, () => {}, {}] as never)],
    ['RabbitMQ', new RmqContext([{ properties: {} }, {}, 'pattern'])],
    ['RabbitMQ without properties', new RmqContext([{}, {}, 'pattern'])],
    ['MQTT 3', new MqttContext(['topic', { cmd: 'publish' }])],
    ['TCP whose metadata are text', new TcpContext([{} as never, 'pattern', 'Bearer x' as never])],
    ['a transport of its own', { headers: { authorization: 'Bearer x' } }],
    ['text', 'Bearer x'],
    ['nothing', undefined],
    ['null', null],
  ])('shows none: %s', async (_, context) => {
    expect(await outcome(context)).toBe('credential_missing')
  })
})

describe('the authorization that came after the handshake', () => {
  const upgrade = { headers: {}, rawHeaders: ['Host', 'x'] }
  const judged = async (request: Parameters<typeof withHeaders>[0], later?: Headers) => {
    const decision = await verifier.verify(withHeaders(request, later))
    return decision.allowed ? 'allowed' : decision.code
  }

  it('counts as a header does', async () => {
    expect(await judged(upgrade, { authorization: good })).toBe('allowed')
    expect(await judged(upgrade, { AUTHORIZATION: good })).toBe('allowed')
    expect(await judged({ headers: {} }, { authorization: good })).toBe('allowed')
  })

  it('is one too many beside another', async () => {
    expect(await judged({ headers: {}, rawHeaders: ['Authorization', good] }, { authorization: good })).toBe(
      'credential_ambiguous',
    )
    expect(await judged(upgrade, { authorization: good, Authorization: good })).toBe('credential_ambiguous')
  })

  it('is none where it is no text, or not there', async () => {
    expect(await judged(upgrade, { authorization: [good] })).toBe('credential_missing')
    expect(await judged(upgrade, { other: good })).toBe('credential_missing')
    expect(await judged(upgrade, undefined)).toBe('credential_missing')
    expect(await judged({ headers: { authorization: good } }, {})).toBe('allowed')
  })
})

describe('a context that is not known', () => {
  it.each(['telegram', 'HTTP', 'rpc', 'ws'])('is refused: %j', (type) => {
    const host = new ExecutionContextHost([{ headers: { authorization: good } }])
    host.setType(type)
    expect(() => shownRequest(host)).toThrow(expect.objectContaining({ name: 'ConfigurationError' }))
  })
})
