// The option `keyLifetimes`.
import { afterAll, expect, it } from 'vitest'
import { ConfigurationError } from './errors.js'
import { createKeySet, type KeySourceOptions } from './issuer-keys.js'
import type { Algorithm } from './jose/algorithms.js'
import type { KeySet } from './keys/jwk-set.js'
import { MemoryKeySetDocuments } from './state/memory-key-set-documents.js'
import { createTestIssuer, createTestKey } from './testing.js'

const { publicJwk } = await createTestKey('ES256', 'k')
const idp = await createTestIssuer()
afterAll(() => idp.close())

const documents = new MemoryKeySetDocuments()
const context = { clock: () => 0, stopwatch: () => 0, pause: async () => {}, fetch, keySets: () => documents }
const build = (options: object, algorithm: Algorithm = 'ES256'): KeySet =>
  createKeySet(idp.issuer, idp.issuer, options as KeySourceOptions, [algorithm], context)
const lifetimes = (keyLifetimes: unknown) => build({ keyLifetimes })

const refused = (message: RegExp) =>
  expect.objectContaining({ name: ConfigurationError.name, message: expect.stringMatching(message) })

const names = ['leastLifetimeSeconds', 'greatestLifetimeSeconds', 'defaultLifetimeSeconds', 'timeoutSeconds']

it.each(names)('may say `%s` from one second to a day', (name) => {
  const rest = name === 'leastLifetimeSeconds' ? { greatestLifetimeSeconds: 86_400 } : { leastLifetimeSeconds: 1 }
  for (const seconds of [1, 86_400]) expect(() => lifetimes({ ...rest, [name]: seconds })).not.toThrow()
  for (const seconds of [0, 0.999, 86_401, -1, Number.NaN, '60', null]) {
    const message = new RegExp(`: \`keyLifetimes\\.${name}\` must be a number of seconds from 1 to 86400$`)
    expect(() => lifetimes({ ...rest, [name]: seconds })).toThrow(refused(message))
  }
})

it('may say `staleSeconds` from none to a day', () => {
  for (const staleSeconds of [0, 86_400]) expect(() => lifetimes({ staleSeconds })).not.toThrow()
  for (const staleSeconds of [-1, 86_401]) {
    expect(() => lifetimes({ staleSeconds })).toThrow(refused(/`keyLifetimes\.staleSeconds` must .+ 0 to 86400$/))
  }
})

it('says nothing else, and guesses what was meant', () => {
  expect(() => lifetimes('long')).toThrow(refused(/: `keyLifetimes` must be an object$/))
  expect(() => lifetimes({ staleSecond: 1 })).toThrow(
    refused(/: `keyLifetimes` has no option `staleSecond`; did you mean `staleSeconds`\?$/),
  )
})

it('does not contradict itself', () => {
  const least = (seconds: number) => ({ leastLifetimeSeconds: seconds, greatestLifetimeSeconds: 100 })
  expect(() => lifetimes(least(100))).not.toThrow()
  expect(() => lifetimes(least(101))).toThrow(
    refused(/`leastLifetimeSeconds` is greater than `greatestLifetimeSeconds`$/),
  )
  expect(() => lifetimes({ greatestLifetimeSeconds: 59 })).toThrow(refused(/`leastLifetimeSeconds` is greater/))
  expect(() => lifetimes({ leastLifetimeSeconds: 601 })).toThrow(refused(/`leastLifetimeSeconds` is greater/))
})

it('holds for the keys that are fetched', async () => {
  let now = 0
  const options = { keyLifetimes: { greatestLifetimeSeconds: 90 } }
  const set = createKeySet(idp.issuer, idp.issuer, options, ['ES256'], { ...context, clock: () => now })
  const key = await set.keyFor({ alg: 'ES256', kid: 'key-1' })
  now = 60
  expect(set.holds(key, 89)).toBe(true)
  expect(set.holds(key, 90)).toBe(false)
  set.close()
})

it.each([null, 60, true])('is an object, and not %j', (value) => {
  expect(() => lifetimes(value)).toThrow(refused(/`keyLifetimes`/))
})

// They would be options that do nothing: nothing is fetched.
it('does not go with keys that are not fetched', () => {
  const keyLifetimes = { greatestLifetimeSeconds: 60 }
  expect(() => build({ jwks: { keys: [publicJwk] }, keyLifetimes })).toThrow(refused(/`keyLifetimes`/))
  expect(() => build({ secret: 'a secret of forty bytes, as random as 8Kq', keyLifetimes }, 'HS256')).toThrow(
    refused(/`keyLifetimes`/),
  )
})
