import { createSecretKey } from 'node:crypto'
import { beforeEach, describe, expect, it } from 'vitest'
import { ConfigurationError } from './errors.js'
import { createKeySet, type IssuerContext, type KeySourceOptions } from './issuer-keys.js'
import type { Algorithm } from './jose/algorithms.js'
import { UnusableKeyError } from './jose/jwk.js'
import type { KeySet } from './keys/jwk-set.js'
import { MemoryKeySetDocuments } from './state/memory-key-set-documents.js'
import { createTestKey } from './testing.js'

const issuer = 'https://idp.example.com'
const secret = 'a secret of forty bytes, as random as 8Kq'
const { publicJwk } = await createTestKey('ES256', 'k')

/** Every URL that was asked for; nothing is found at any of them. */
let asked: string[] = []
beforeEach(() => {
  asked = []
})
const documents = new MemoryKeySetDocuments()
const nowhere: IssuerContext = {
  clock: () => 0,
  stopwatch: () => 0,
  pause: async () => {},
  keySets: () => documents,
  fetch: async (url) => {
    asked.push(url)
    return new Response(null, { status: 404 })
  },
}

interface Names {
  readonly name?: string
  readonly template?: string
  readonly algorithms?: readonly Algorithm[]
}

function build(options: object, names: Names = {}): KeySet {
  const { name = issuer, algorithms = ['ES256'] } = names
  return createKeySet(name, names.template ?? name, options as KeySourceOptions, algorithms, nowhere)
}

/** Where a key set looks first for its keys. */
async function place(options: object, names: Names = {}): Promise<string | undefined> {
  await build(options, names).warmUp()
  return asked[0]
}

const refused = (message: RegExp) =>
  expect.objectContaining({ name: ConfigurationError.name, message: expect.stringMatching(message) })

describe('the source of keys', () => {
  it('is discovery where nothing is said', async () => {
    expect(await place({})).toBe(`${issuer}/.well-known/openid-configuration`)
  })

  it('is the metadata at `discoveryUrl`', async () => {
    expect(await place({ discoveryUrl: 'https://cdn.example.com/m' })).toBe('https://cdn.example.com/m')
    expect(asked).toHaveLength(1)
  })

  it('is `jwksUri`, and no metadata is read', async () => {
    expect(await place({ jwksUri: 'https://keys.example.com/jwks' })).toBe('https://keys.example.com/jwks')
    expect(asked).toHaveLength(1)
  })

  it('is `jwks`', async () => {
    const keys = build({ jwks: { keys: [publicJwk] } })
    expect(await keys.keyFor({ alg: 'ES256', kid: 'k' })).toMatchObject({ kid: 'k' })
    expect(await place({ jwks: { keys: [publicJwk] } })).toBeUndefined()
  })

  it.each([secret, Buffer.from(secret), new Uint8Array(Buffer.from(secret)), createSecretKey(Buffer.from(secret))])(
    'is `secret`, as text, as bytes and as a KeyObject',
    async (value) => {
      const keys = build({ secret: value }, { algorithms: ['HS256'] })
      const key = await keys.keyFor({ alg: 'HS256' })
      expect(key.keyObject.export().toString()).toBe(secret)
      expect([...key.algorithms]).toEqual(['HS256'])
    },
  )

  const sources = { discoveryUrl: issuer, jwksUri: issuer, jwks: { keys: [publicJwk] }, secret }
  const names = Object.keys(sources) as (keyof typeof sources)[]
  it.each(names.flatMap((a, i) => names.slice(i + 1).map((b) => [a, b] as const)))('is not both %s and %s', (a, b) => {
    expect(() => build({ [a]: sources[a], [b]: sources[b] })).toThrow(
      refused(/^https:\/\/idp\.example\.com: give one of/),
    )
  })
})

describe('RFC 8414 §2: an issuer that is discovered', () => {
  it.each([issuer, `${issuer}/a/b`, `${issuer}:8443`, 'http://localhost:9000', 'http://127.0.0.1', 'http://[::1]/a'])(
    'may be %s',
    (name) => {
      expect(() => build({}, { name })).not.toThrow()
    },
  )

  it.each([
    'http://idp.example.com',
    'idp.example.com',
    'urn:example:idp',
    'ftp://idp.example.com',
    'https://user@idp.example.com',
    'https://:pass@idp.example.com',
  ])('is no %s', (name) => {
    expect(() => build({}, { name })).toThrow(refused(/`issuer` has no `jwksUri`, `jwks` or `secret`, so it must be/))
    expect(() => build({ jwksUri: 'https://keys.example.com' }, { name })).not.toThrow()
    expect(() => build({ discoveryUrl: 'https://m.example.com' }, { name })).not.toThrow()
    expect(() => build({ jwks: { keys: [publicJwk] } }, { name })).not.toThrow()
  })

  it.each([`${issuer}?a=b`, `${issuer}?`, `${issuer}#a`, `${issuer}#`, `${issuer}/a?b#c`])(
    'has no query and no fragment, as %s',
    (name) => {
      expect(() => build({}, { name })).toThrow(refused(/`issuer` must have no query and no fragment$/))
    },
  )
})

describe.each(['discoveryUrl', 'jwksUri'])('`%s`', (option) => {
  it.each(['https://a.example.com/x?y=z', 'http://localhost/x'])('may be %s', async (url) => {
    expect(await place({ [option]: url })).toBe(url)
  })

  it.each([
    '',
    'jwks.json',
    'http://a.example.com',
    'https://user@a.example.com',
    'https://:pass@a.example.com',
    'file:///etc/passwd',
  ])('is not %s', (url) => {
    expect(() => build({ [option]: url })).toThrow(
      refused(new RegExp(`^https://idp\\.example\\.com: \`${option}\` must be an https URL`)),
    )
  })

  // A mistake of a developer in JavaScript, or of a JSON file: told like every other.
  it.each<unknown>([7, null, new URL('https://a.example.com')])('is text, and not %s', (url) => {
    expect(() => build({ [option]: url })).toThrow(refused(new RegExp(`\`${option}\` must be an https URL`)))
  })

  it('is of a tenant where it holds {tenant}', async () => {
    const names = { name: 'https://login.example.com/t1/v2.0', template: 'https://login.example.com/{tenant}/v2.0' }
    expect(await place({ [option]: 'https://{tenant}.example.com/{tenant}' }, names)).toBe('https://t1.example.com/t1')
  })

  it('is of a tenant whose issuer names it twice', async () => {
    const names = { name: 'https://t1.example.com/t1', template: 'https://{tenant}.example.com/{tenant}' }
    expect(await place({ [option]: 'https://keys.example.com/{tenant}' }, names)).toBe('https://keys.example.com/t1')
  })

  it('holds no {tenant} where there are no tenants', () => {
    expect(() => build({ [option]: 'https://keys.example.com/{tenant}' })).toThrow(refused(/tenant/))
  })
})

describe('`jwks`', () => {
  it.each<[string, unknown]>([
    ['null', null],
    ['empty', {}],
    ['keys that are null', { keys: null }],
    ['keys that are none', { keys: [] }],
    ['keys that are one', { keys: publicJwk }],
    ['text', 'jwks'],
    ['an array', [publicJwk]],
  ])('is not %s', (_, jwks) => {
    expect(() => build({ jwks })).toThrow(refused(/: `jwks` must be an object with at least one key in `keys`$/))
  })

  it.each<[string, object | null, RegExp]>([
    ['null', null, /it is not an object/],
    ['an empty one', {}, /missing/],
    ['a secret', { kty: 'oct', k: 'c2VjcmV0' }, /it is a secret/],
    ['a private one', { ...publicJwk, d: 'c2VjcmV0' }, /it is a private key/],
    ['one that encrypts', { ...publicJwk, use: 'enc' }, /`use`/],
    ['one of another algorithm', { ...publicJwk, alg: 'ES384' }, /`alg`/],
  ])('holds only keys that can be used, and not %s', (_, key, reason) => {
    const message = new RegExp(`: \`jwks\\.keys\\[1\\]\` can't be used: .*${reason.source}`)
    expect(() => build({ jwks: { keys: [publicJwk, key] } })).toThrow(refused(message))
    const error = refusalOf(() => build({ jwks: { keys: [publicJwk, key] } }))
    expect(error.cause).toBeInstanceOf(UnusableKeyError)
    expect(error.message).not.toContain('c2VjcmV0')
  })

  it('is taken as it is now', async () => {
    const keys = [{ ...publicJwk }]
    const set = build({ jwks: { keys } })
    keys.length = 0
    expect(await set.keyFor({ alg: 'ES256', kid: 'k' })).toMatchObject({ kid: 'k' })
  })
})

describe('`secret`', () => {
  it.each<[unknown, Algorithm, RegExp]>([
    ['', 'HS256', /shorter than the 32 bytes that HS256 asks for/],
    [secret.slice(0, 31), 'HS256', /shorter than the 32 bytes/],
    [secret, 'HS384', /shorter than the 48 bytes that HS384/],
    ['secret'.repeat(10), 'HS256', /can be guessed/],
    [7, 'HS256', /it is neither text, bytes nor a secret KeyObject/],
    [null, 'HS256', /it is neither text, bytes nor a secret KeyObject/],
    [{ kty: 'oct' }, 'HS256', /it is neither text, bytes nor a secret KeyObject/],
  ])('is not %j', (value, algorithm, reason) => {
    const message = new RegExp(`: \`secret\` can't be used: .*${reason.source}`)
    expect(() => build({ secret: value }, { algorithms: [algorithm] })).toThrow(refused(message))
  })

  it('is as long as the hash, and need not be longer', () => {
    expect(() => build({ secret: secret.slice(0, 32) }, { algorithms: ['HS256'] })).not.toThrow()
  })

  it('is not in the error that refuses it', () => {
    const error = refusalOf(() => build({ secret: 'hunter2' }, { algorithms: ['HS256'] }))
    expect(error.cause).toBeInstanceOf(UnusableKeyError)
    expect(`${error.message} ${String(error.cause)}`).not.toContain('hunter2')
  })
})

function refusalOf(build: () => unknown): Error {
  try {
    build()
  } catch (error) {
    return error as Error
  }
  throw new Error('it was built')
}
