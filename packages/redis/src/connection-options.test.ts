import { ConfigurationError } from '@sallyport/core'
import { createClient, createSentinel } from 'redis'
import { describe, expect, it } from 'vitest'
import { judgeConnection } from './connection-options.js'
import type { RedisConnection } from './options.js'

const judge = (connection: unknown) => judgeConnection(connection as RedisConnection, 'a region')
const nodes = [{ host: 'one', port: 26379 }]

describe('a URL', () => {
  it.each([
    ['redis://host', { address: { host: 'host', port: 6379 }, login: {}, tls: undefined }],
    ['rediss://host:1', { address: { host: 'host', port: 1 }, login: {}, tls: {} }],
    ['redis://[::1]:2', { address: { host: '::1', port: 2 } }],
    ['redis://a%40b:c%2Fd@host/3', { login: { username: 'a@b', password: 'c/d', database: 3 } }],
    ['redis://:word@host', { login: { password: 'word' } }],
  ])('says where, who and how: %s', (url, expected) => {
    expect(judge({ url })).toMatchObject({ kind: 'server', ...expected })
  })

  it.each(['host:6379', 'http://host', 'redis://', 'redis://host/x', '', 5])(
    'is refused where it says less: %s',
    (url) => {
      expect(() => judge({ url })).toThrow(ConfigurationError)
    },
  )
})

describe('a place', () => {
  const places = {
    url: 'redis://host',
    cluster: { nodes: ['redis://host'] },
    sentinel: { name: 'main', nodes },
    client: createClient({ disableOfflineQueue: true }),
  }

  it('is exactly one of four', () => {
    expect(() => judge({})).toThrow(/exactly one/)
    for (const [one, place] of Object.entries(places)) {
      expect(judge({ [one]: place }).kind).toBe(one === 'url' ? 'server' : one)
      for (const [other, second] of Object.entries(places))
        if (other !== one) expect(() => judge({ [one]: place, [other]: second })).toThrow(/exactly one/)
    }
  })

  it.each([
    [{ url: 'redis://host', pasword: 'x' }, /`password`/],
    [{ url: 'redis://host', replicas: -1 }, /`replicas`/],
    [{ url: 'redis://host', replicas: 1.5 }, /`replicas`/],
    [{ cluster: { nodes: [] } }, /`cluster.nodes`/],
    [{ cluster: { nodes: ['redis://a', 'rediss://b'] } }, /the same protocol/],
    [{ cluster: { nodes: ['redis://:x@a', 'redis://:y@b'] } }, /the same .*password/],
    [{ cluster: { nodes: ['redis://a/1'] } }, /database/],
    [{ sentinel: { nodes } }, /`sentinel.name`/],
    [{ sentinel: { name: 'main', nodes: [] } }, /`sentinel.nodes`/],
    [{ sentinel: { name: 'main', nodes: [{ host: 'one', port: 0 }] } }, /`sentinel.nodes`/],
    [{ sentinel: { name: 'main', nodes, nods: 1 } }, /`nodes`/],
    ['redis://host', /object/],
  ])('is refused where it is no good: %j', (connection, words) => {
    expect(() => judge(connection)).toThrow(words)
  })
})

describe('who we are', () => {
  it('stands beside the URL, or in it, and is one for a whole cluster', () => {
    const login = { username: 'app', password: 'secret' }
    for (const place of [
      { url: 'redis://host' },
      { cluster: { nodes: ['redis://a', 'redis://b'] } },
      { sentinel: { name: 'm', nodes } },
    ])
      expect(judge({ ...place, ...login })).toMatchObject({ login })
    expect(judge({ cluster: { nodes: ['redis://app:secret@a', 'redis://app:secret@b'] } })).toMatchObject({ login })
  })

  it('is for the Sentinels as for the master, unless it is said', () => {
    const sentinel = { name: 'main', nodes }
    const login = { username: 'app', password: 'secret' }
    expect(judge({ sentinel, ...login })).toMatchObject({ sentinelLogin: login })
    expect(judge({ sentinel: { ...sentinel, credentials: {} }, ...login })).toMatchObject({ login, sentinelLogin: {} })
  })

  it.each([
    [{ url: 'redis://app:secret@host', password: 'other' }, /either/],
    // The client of the library would say nothing, and be `default`.
    [{ url: 'redis://app@host' }, /needs a password/],
    [{ url: 'redis://host', username: 'app' }, /needs a password/],
    [{ url: 'redis://host', password: '' }, /not empty/],
    [{ url: 'redis://host', password: 5 }, /strings/],
  ])('is refused where it is not clear: %j', (connection, words) => {
    expect(() => judge(connection)).toThrow(words)
  })
})

describe('TLS', () => {
  it('is as the URL says, and for Sentinels as the option says', () => {
    expect(judge({ url: 'rediss://host', tls: { ca: 'x' } })).toMatchObject({ tls: { ca: 'x' } })
    expect(judge({ sentinel: { name: 'm', nodes }, tls: { ca: 'x' } })).toMatchObject({ tls: { ca: 'x' } })
    expect(judge({ sentinel: { name: 'm', nodes } })).toMatchObject({ tls: undefined })
  })

  it.each([
    [{ url: 'redis://host', tls: {} }, /`rediss:`/],
    [{ url: 'rediss://host', tls: { rejectUnauthorized: false } }, /no option `rejectUnauthorized`/],
  ])('is refused where it would be less than it says: %j', (connection, words) => {
    expect(() => judge(connection)).toThrow(words)
  })
})

describe('a given client', () => {
  it.each([
    [createClient(), /disableOfflineQueue/],
    [createClient({ disableOfflineQueue: false }), /disableOfflineQueue/],
    [createClient({ disableOfflineQueue: true, RESP: 2 }), /RESP 3/],
    [createSentinel({ name: 'main', sentinelRootNodes: nodes }), /give `sentinel`/],
    [{}, /npm package redis/],
    ['redis://host', /npm package redis/],
  ])('is refused where what it does is not safe', (client, words) => {
    expect(() => judge({ client })).toThrow(words)
  })

  it('is who it is already', () => {
    const client = createClient({ disableOfflineQueue: true })
    for (const each of [{ username: 'a' }, { password: 'b' }, { tls: {} }])
      expect(() => judge({ client, ...each })).toThrow(/set in the client/)
  })
})

it('says no password, user or host in a message', () => {
  for (const connection of [
    { url: 'http://user-x:word-x@host-x' },
    { url: 'redis://user-x:word-x@host-x', password: 'word-y' },
    { url: 'redis://user-x:word-x@host-x/base-x' },
    { cluster: { nodes: ['redis://user-x:word-x@host-x', 'redis://user-x:word-y@host-x'] } },
  ]) {
    try {
      expect.unreachable(String(judge(connection)))
    } catch (error) {
      expect((error as Error).message).not.toMatch(/(user|word|host|base)-[xy]/)
    }
  }
})
