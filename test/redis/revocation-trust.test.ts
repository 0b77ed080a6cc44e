// Who can write to Redis is not of the fleet for that: what is not marked with the secret revokes nobody, un-revokes nobody,
// and brings nobody down. And who may only read, reads.
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { type RedisServer, startRedis } from '../fixtures/redis-servers.js'
import { append, heardEvents, log, meta, push, startNode, token, written } from './revocation-fleet.js'

const verifier =
  'verifier on >pass resetkeys %R~sp1:test:{rv}:* ~sp1:test:{rv}:hb resetchannels &sp1:test:* -@all +getrange +pttl +time +set +xrange' +
  ' +xinfo|stream +subscribe +ssubscribe +unsubscribe +eval +evalsha +eval_ro +ping +hello +acl|whoami +info +config|get +wait'

let server: RedisServer

beforeAll(async () => {
  server = await startRedis({ acl: ['default on nopass ~* &* +@all', verifier] })
})

beforeEach(async () => {
  await server.cli('FLUSHALL')
})

afterAll(() => server.stop())

const other = Buffer.alloc(32, 'the secret of somebody else')
const good = written({ jti: 'good' })

describe('an entry that this fleet has not written', () => {
  it.each([
    ['of another secret', written({ jti: 'bad' }, { secrets: [other] })],
    [
      'with another mark',
      `${written({ jti: 'bad' }).slice(0, -1)}${written({ jti: 'bad' }).endsWith('A') ? 'B' : 'A'}`,
    ],
    ['with the mark of another', [...written({ jti: 'bad' }).split('.').slice(0, 4), good.split('.')[4]].join('.')],
    ['with another count', written({ jti: 'bad' }).replace('.1.', '.2.')],
    ['cut short', written({ jti: 'bad' }).slice(0, 50)],
    ['of another version', written({ jti: 'bad' }).replace(/^1/, '2')],
    ['empty', ''],
    ['huge', 'x'.repeat(100_000)],
  ])('revokes nobody, and the next one does: %s', async (_, text) => {
    using events = heardEvents()
    await using node = await startNode(server.url)
    await append(server, text)
    await server.cli('PUBLISH', push, `2 1-1 1-2 ${text}`)
    await append(server, good)
    await expect.poll(() => node.revocations.isRevoked(token({ jti: 'good' })), { timeout: 2_500 }).toBe(true)
    expect(node.revocations.isRevoked(token({ jti: 'bad' }))).toBe(false)
    expect(node.revocations.health()).toMatchObject({ status: 'ready', revocations: 1 })
    expect(events.map(({ outcome }) => outcome)).toContain('rejected')
    expect(events.filter(({ outcome }) => outcome === 'resynced')).toEqual([])
  })

  it('with other fields is none', async () => {
    await using node = await startNode(server.url)
    await server.cli('XADD', log, '*', 'f', written({ jti: 'bad' }))
    await server.cli('XADD', log, '*', 'e', written({ jti: 'worse' }), 'f', '1')
    await append(server, good)
    await expect.poll(() => node.revocations.isRevoked(token({ jti: 'good' })), { timeout: 2_500 }).toBe(true)
    expect(node.revocations.health().revocations).toBe(1)
  })

  it('is told in few words, however many there are', async () => {
    using events = heardEvents()
    await using node = await startNode(server.url)
    for (let index = 0; index < 100; index += 1) await server.cli('PUBLISH', push, `${index} 1-1 1-2 nonsense`)
    await append(server, good)
    await expect.poll(() => node.revocations.isRevoked(token({ jti: 'good' })), { timeout: 2_500 }).toBe(true)
    expect(events.filter(({ outcome }) => outcome === 'rejected').length).toBeLessThan(6)
  })

  it('of the fleet, pushed again with other numbers, hides nothing', async () => {
    await using node = await startNode(server.url)
    await append(server, good)
    await expect.poll(() => node.revocations.isRevoked(token({ jti: 'good' })), { timeout: 2_500 }).toBe(true)
    const [id = ''] = (await server.cli('XRANGE', log, '-', '+')).split('\n')
    await server.cli('PUBLISH', push, `2 ${id} 18446744073709551615-0 ${good}`)
    await append(server, written({ jti: 'next' }, { count: 2 }))
    await expect.poll(() => node.revocations.isRevoked(token({ jti: 'next' })), { timeout: 4_000 }).toBe(true)
  })
})

describe('a log of the wrong type', () => {
  const reader = (): string => server.url.replace('redis://', 'redis://verifier:pass@')

  it('makes nobody pass where nobody may mend it', async () => {
    let ahead = 0
    const node = await startNode(server.url)
    await node.revocations.revoke({ jti: 'taken' })
    await using reading = await startNode(reader(), { stopwatch: () => performance.now() / 1000 + ahead })
    await node.close()
    await server.cli('SET', log, 'nonsense')
    expect(reading.revocations.isRevoked(token({ jti: 'taken' }))).toBe(true)
    ahead = 31
    expect(() => reading.revocations.isRevoked(token({ jti: 'other' }))).toThrow(
      expect.objectContaining({ code: 'state_unavailable', retryAfterSeconds: 1 }),
    )
    await server.cli('DEL', log)
    await reading.revocations.ready()
    expect(reading.revocations.isRevoked(token({ jti: 'other' }))).toBe(false)
  })

  it('is begun anew by who knows what was in it', async () => {
    await using node = await startNode(server.url)
    await node.revocations.revoke({ jti: 'taken' })
    await server.cli('SET', log, 'nonsense')
    await expect.poll(() => server.cli('XLEN', log), { timeout: 6_000 }).toMatch(/^1\s*$/)
    expect(node.revocations.isRevoked(token({ jti: 'taken' }))).toBe(true)
    await node.revocations.revoke({ jti: 'later' })
    await using later = await startNode(server.url)
    expect(later.revocations.isRevoked(token({ jti: 'taken' }))).toBe(true)
  })
})

describe('a log that was written with other names', () => {
  it('is refused, because nothing in it would be found', async () => {
    await using first = await startNode(server.url)
    await first.revocations.revoke({ jti: 'taken' })
    await expect(startNode(server.url, { secrets: [other] })).rejects.toThrow(/`secret`/)
    // The oldest secret is last: names stay.
    await using next = await startNode(server.url, { secrets: [other, Buffer.alloc(32, 'the secret of this fleet')] })
    expect(next.revocations.isRevoked(token({ jti: 'taken' }))).toBe(true)
  })
})

describe('a node that may only read', () => {
  const reader = (): string => server.url.replace('redis://', 'redis://verifier:pass@')

  it('reads, and is refused what it may not write', async () => {
    await using node = await startNode(server.url)
    await using reading = await startNode(reader())
    await node.revocations.revoke({ jti: 'taken' })
    await expect.poll(() => reading.revocations.isRevoked(token({ jti: 'taken' }))).toBe(true)
    await expect(reading.revocations.revoke({ jti: 'mine' })).rejects.toMatchObject({ name: 'ConfigurationError' })
    expect(reading.revocations.isRevoked(token({ jti: 'mine' }))).toBe(true)
    expect(reading.revocations.health()).toMatchObject({ status: 'ready', pending: 0 })
  })

  it('does not take a log that is gone for an empty one', async () => {
    await using reading = await startNode(reader(), { wait: false, startTimeoutSeconds: 2 })
    await expect(reading.revocations.ready()).rejects.toMatchObject({ code: 'state_unavailable' })
    await using node = await startNode(server.url)
    await node.revocations.revoke({ jti: 'taken' })
    await reading.revocations.ready()
    await expect.poll(() => reading.revocations.isRevoked(token({ jti: 'taken' }))).toBe(true)
    expect((await server.cli('GET', meta)).trim()).toMatch(/^1\.[\w-]{11}\.[\w-]{22}$/)
  })

  it('cannot start without the right to prove that it reads the server that counts', async () => {
    await server.cli('ACL', 'SETUSER', 'deaf', 'on', '>pass', '~sp1:*', '&sp1:*', '+@all', '-set')
    const url = server.url.replace('redis://', 'redis://deaf:pass@')
    await expect(startNode(url)).rejects.toMatchObject({
      name: 'ConfigurationError',
      message: expect.stringContaining('heartbeat'),
    })
  })
})
