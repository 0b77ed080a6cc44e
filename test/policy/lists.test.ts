// Lists of who may not come in, and of who may: named policies of a file, read again while they serve. The client's address is
// what the trusted proxies have seen.
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { allOf, createVerifier, loadPolicies, scope, use } from '@sallyport/core'
import { createTestIssuer } from '@sallyport/core/testing'
import { afterAll, beforeAll, expect, it } from 'vitest'

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'lists-'))
})
afterAll(() => rm(folder, { recursive: true, force: true }))

/** A file with these lists. */
const lists = (addresses: readonly string[], subjects: readonly string[], offices: readonly string[]): string =>
  JSON.stringify({
    version: 1,
    policies: {
      welcome: {
        allow: { always: 'allow' },
        forbid: [{ ipIn: addresses }, { claim: 'sub', orElse: '', oneOf: subjects }],
      },
      office: { allow: { ipIn: offices } },
    },
  })

/** A thousand ranges of either version. */
const many = Array.from({ length: 500 }, (_, i) => [
  `198.${i >> 8}.${i & 255}.0/24`,
  `2001:db8:${i.toString(16)}::/48`,
]).flat()

it('deny and allow by address and by subject, and change without a restart', async () => {
  const path = join(folder, 'lists.json')
  await writeFile(path, lists(many, ['mallory'], ['203.0.113.0/24', '2001:db9::/32']))
  const idp = await createTestIssuer()
  const policies = loadPolicies(path)
  const verifier = createVerifier({
    issuer: idp.issuer,
    audience: idp.audience,
    jwks: idp.jwks,
    policies,
    trustedProxies: ['10.0.0.0/8'],
  })
  const ask = async (policy: string, client: string, sub = 'ann', proxy = '10.0.0.1') => {
    const headers = { ...(await idp.asUser({ sub, scope: 'read' })), 'x-forwarded-for': client }
    const decision = await verifier.verify({ headers, remoteAddress: proxy }, allOf(scope('read'), use(policy)))
    return decision.allowed ? 'allowed' : decision.code
  }

  expect(await ask('welcome', '192.0.2.1')).toBe('allowed')
  expect(await ask('welcome', '192.0.2.1', 'mallory')).toBe('policy_denied')
  for (const client of ['198.0.0.7', '198.1.243.255', '2001:db8:1f3::1', '::ffff:198.0.0.7'])
    expect(await ask('welcome', client), client).toBe('policy_denied')
  for (const client of ['198.1.244.0', '2001:db8:1f4::1']) expect(await ask('welcome', client), client).toBe('allowed')
  // What a stranger says of his address counts for nothing: his own does.
  expect(await ask('welcome', '192.0.2.1', 'ann', '198.0.0.7')).toBe('policy_denied')
  expect(await ask('office', '203.0.113.9')).toBe('allowed')
  expect(await ask('office', '2001:db9:1::1')).toBe('allowed')
  expect(await ask('office', '203.0.114.9')).toBe('policy_denied')
  expect(await ask('office', '203.0.113.9', 'ann', '192.0.2.1')).toBe('policy_denied')

  await writeFile(path, lists(['192.0.2.1'], ['nobody'], ['192.0.2.0/24']))
  expect(await policies.reload()).toBe('loaded')
  expect(await ask('welcome', '192.0.2.1')).toBe('policy_denied')
  expect(await ask('welcome', '198.0.0.7', 'mallory')).toBe('allowed')
  expect(await ask('office', '203.0.113.9')).toBe('policy_denied')

  await writeFile(path, lists(['192.0.2.1/33'], ['nobody'], ['192.0.2.0/24']))
  expect(await policies.reload()).toBe('refused') // and those in force stay
  expect(await ask('welcome', '192.0.2.1')).toBe('policy_denied')
  policies.close()
  await verifier.close()
  await idp.close()
})
