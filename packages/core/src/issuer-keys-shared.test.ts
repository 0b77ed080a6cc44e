// Where a key set may come from that another process has fetched.
import { expect, it } from 'vitest'
import { createKeySet, type KeySourceOptions } from './issuer-keys.js'
import { MemoryKeySetDocuments } from './state/memory-key-set-documents.js'
import { createTestKey } from './testing.js'

const { publicJwk } = await createTestKey('ES256', 'k')
const issuer = 'https://idp.example.com'
const there = 'https://keys.example.com/jwks'

/** Whether keys are taken that another process has fetched from a URL, for an issuer that is away itself. */
async function isTaken(url: string, options: KeySourceOptions = {}, name = issuer, location = ''): Promise<boolean> {
  const documents = new MemoryKeySetDocuments()
  const text = JSON.stringify({ keys: [publicJwk] })
  const shared = { serves: () => true, timeoutSeconds: 1, keepSeconds: 60 }
  await documents.fetchOnce({ issuer: name, location }, shared, async () => ({ url, text, fetchedAt: 0 }))
  const fetch = async (): Promise<Response> => new Response(null, { status: 404 })
  const context = { clock: () => 0, stopwatch: () => 0, pause: async () => {}, fetch, keySets: () => documents }
  const keys = createKeySet(name, name, options, ['ES256'], context)
  await keys.warmUp()
  keys.close()
  return keys.describe().kids.length === 1
}

it.each<[string, KeySourceOptions, string, string]>([
  [there, {}, issuer, ''],
  [there, { jwksUri: there }, issuer, there],
  [there, { jwksUri: there }, 'internal', there],
  [there, { discoveryUrl: `${issuer}/metadata` }, issuer, `${issuer}/metadata`],
  ['http://127.0.0.1:9000/jwks', {}, 'http://localhost:8000', ''],
  [there, {}, 'http://localhost:8000', ''],
])('may be %s, with %j for %s', async (url, options, name, location) => {
  expect(await isTaken(url, options, name, location)).toBe(true)
})

it.each<[string, KeySourceOptions, string, string]>([
  ['http://127.0.0.1:9000/jwks', {}, issuer, ''],
  ['http://127.0.0.1:9000/jwks', { discoveryUrl: `${issuer}/metadata` }, 'http://localhost:8000', `${issuer}/metadata`],
  ['http://keys.example.com/jwks', {}, 'http://localhost:8000', ''],
  [`${there}/`, { jwksUri: there }, issuer, there],
  ['file:///jwks', {}, issuer, ''],
])('is not %s, with %j for %s', async (url, options, name, location) => {
  expect(await isTaken(url, options, name, location)).toBe(false)
})

it('is none that was fetched for another location, or another issuer', async () => {
  expect(await isTaken(there, { jwksUri: there }, issuer, '')).toBe(false)
  expect(await isTaken(there, { discoveryUrl: `${issuer}/a` }, issuer, `${issuer}/b`)).toBe(false)
})
