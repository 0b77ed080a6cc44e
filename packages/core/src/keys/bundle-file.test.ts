// Real files, and a stopwatch that stands still.
import { mkdir, mkdtemp, rename, rm, symlink, utimes, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeEach, describe, expect, it, vi } from 'vitest'
import { createTestAuthority, type TestCertificate } from '../../../../test/fixtures/der-certificates.js'
import { bundleOf } from '../../../../test/fixtures/svids.js'
import { createTestClock, createTestKey } from '../testing.js'
import { BundleFile } from './bundle-file.js'
import { greatestBytes } from './fetch-document.js'
import type { TrustBundle } from './trust-bundle.js'

const counted = vi.hoisted(() => ({ looks: 0, reads: 0 }))
vi.mock('node:fs/promises', async (original) => {
  const real = await original<typeof import('node:fs/promises')>()
  return {
    ...real,
    stat: (path: string) => {
      counted.looks += 1
      return real.stat(path)
    },
    readFile: (path: string) => {
      counted.reads += 1
      return real.readFile(path)
    },
  }
})

const key = await createTestKey('ES256', 'key-1')
const [one, two] = [createTestAuthority({ subject: 'one' }), createTestAuthority({ subject: 'two' })]
const stopwatch = createTestClock(0)
const folder = await mkdtemp(join(tmpdir(), 'bundle-'))
afterAll(() => rm(folder, { recursive: true }))

let path: string
let serial = 0
beforeEach(() => {
  serial += 1
  path = join(folder, `bundle-${serial}`)
  counted.looks = 0
  counted.reads = 0
})

const fileOf = (options: Partial<ConstructorParameters<typeof BundleFile>[0]> = {}) =>
  new BundleFile({ issuer: 'spiffe://prod.example', path, staleSeconds: 10, stopwatch, ...options })
const json = (authorities: readonly TestCertificate[], keys: readonly object[] = [key.publicJwk]) =>
  JSON.stringify(bundleOf(authorities, keys))

/** Which authorities serve, by name; or the code of the refusal. */
async function serving(file: BundleFile): Promise<string> {
  try {
    return named(await file.current())
  } catch (error) {
    return (error as { code: string }).code
  }
}

function named({ authorities }: TrustBundle): string {
  return authorities.map((der) => (one.der.equals(der) ? 'one' : two.der.equals(der) ? 'two' : 'other')).join(' ')
}

/** The same a second later, when it is looked at again. */
function laterServing(file: BundleFile): Promise<string> {
  stopwatch.advance(1)
  return serving(file)
}

/** As whoever writes a file with care does. */
async function replace(text: string): Promise<void> {
  await writeFile(`${path}.new`, text)
  await rename(`${path}.new`, path)
}

describe('a bundle file', () => {
  it.each<[string, string, string]>([
    ['one certificate in PEM', one.pem, 'one'],
    ['several', one.pem + two.pem, 'one two'],
    ['the same with lines as Windows ends them', (one.pem + two.pem).replaceAll('\n', '\r\n'), 'one two'],
    ['a bundle in JSON', json([two, one]), 'two one'],
    ['the same with space before it', ` \r\n\t${json([one])}\n`, 'one'],
    ['a bundle without authorities', json([]), ''],
  ])('may hold %s', async (_, text, expected) => {
    await writeFile(path, text)
    expect(await serving(fileOf())).toBe(expected)
  })

  it.each<[string, string | Buffer]>([
    ['nothing', ''],
    ['garbage', 'garbage'],
    ['a certificate with words around it', `subject: one\n${one.pem}`],
    ['a certificate that is cut', one.pem.slice(0, -30)],
    ['DER', one.der],
    ['a private key', one.key.pem],
    ['a private key beside a certificate', one.pem + one.key.pem],
    ['a document that is cut', json([one]).slice(0, -1)],
    ['a document with a name twice', json([one]).replace('{', '{"keys":[],')],
    ['a document that is no bundle', '{"authorities":[]}'],
    ['a list', `[${json([one])}]`],
  ])('may not hold %s', async (_, text) => {
    await writeFile(path, text)
    expect(await serving(fileOf())).toBe('keys_unavailable')
  })

  it('may be as large as a document that is fetched, and no larger', async () => {
    const text = json([one])
    await writeFile(path, text.padEnd(greatestBytes))
    expect(await serving(fileOf())).toBe('one')
    await writeFile(path, text.padEnd(greatestBytes + 1))
    expect(await serving(fileOf())).toBe('keys_unavailable')
    expect(counted.reads).toBe(1)
  })

  it('may come later', async () => {
    const file = fileOf()
    await expect(file.current()).rejects.toMatchObject({ code: 'keys_unavailable', retryAfterSeconds: 1 })
    await expect(file.keyFor({ alg: 'ES256', kid: 'key-1' })).rejects.toMatchObject({ code: 'keys_unavailable' })
    await writeFile(path, one.pem)
    expect(await laterServing(file)).toBe('one')
  })

  it('says why it cannot be read to whoever asks for an explanation', async () => {
    await expect(fileOf().current()).rejects.toMatchObject({ cause: { code: 'ENOENT' } })
  })
})

describe('a file that is replaced', () => {
  it('by another of its name', async () => {
    await writeFile(path, one.pem)
    const file = fileOf()
    expect(await serving(file)).toBe('one')
    await replace(one.pem + two.pem)
    expect(await laterServing(file)).toBe('one two')
    await replace(two.pem)
    expect(await laterServing(file)).toBe('two')
  })

  it('by one that is as large and as old, and only lies elsewhere', async () => {
    const [a, b] = [json([one], []), json([two], [])]
    const length = Math.max(a.length, b.length)
    await writeFile(path, a.padEnd(length))
    await utimes(path, 1, 1)
    const file = fileOf()
    expect(await serving(file)).toBe('one')
    await writeFile(`${path}.new`, b.padEnd(length))
    await utimes(`${path}.new`, 1, 1)
    await rename(`${path}.new`, path)
    expect(await laterServing(file)).toBe('two')
  })

  it('in its place, as large and with the date of before', async () => {
    const [a, b] = [json([one], []), json([two], [])]
    const length = Math.max(a.length, b.length)
    await writeFile(path, a.padEnd(length))
    await utimes(path, 1, 1)
    const file = fileOf()
    expect(await serving(file)).toBe('one')
    await writeFile(path, b.padEnd(length))
    await utimes(path, 1, 1)
    expect(await laterServing(file)).toBe('two')
  })

  it('by way of a link, as Kubernetes does it', async () => {
    const [first, second, link] = ['first', 'second', 'now'].map((name) => join(folder, `${serial}-${name}`)) as [
      string,
      string,
      string,
    ]
    await Promise.all([mkdir(first), mkdir(second)])
    await Promise.all([writeFile(join(first, 'bundle'), one.pem), writeFile(join(second, 'bundle'), two.pem)])
    await symlink(first, link)
    await symlink(join(link, 'bundle'), path)
    const file = fileOf()
    expect(await serving(file)).toBe('one')
    await symlink(second, `${link}.new`)
    await rename(`${link}.new`, link)
    expect(await laterServing(file)).toBe('two')
  })

  it('by what is the same stays the same bundle, and its key the same key', async () => {
    await writeFile(path, json([one]))
    const file = fileOf()
    const bundle = await file.current()
    const found = await file.keyFor({ alg: 'ES256', kid: 'key-1' })
    await replace(json([one]))
    stopwatch.advance(1)
    expect(await file.current()).toBe(bundle)
    expect(counted.looks).toBe(2)
    await replace(json([two]))
    stopwatch.advance(1)
    expect(await file.current()).not.toBe(bundle)
    expect(await file.keyFor({ alg: 'ES256', kid: 'key-1' })).toBe(found)
  })
})

describe('a look', () => {
  it('is believed for a second, and no longer', async () => {
    await writeFile(path, one.pem)
    const file = fileOf()
    const bundle = await file.current()
    stopwatch.advance(0.999)
    expect(file.current()).toBe(bundle)
    expect(counted.looks).toBe(1)
    stopwatch.advance(0.001)
    expect(file.current()).toBeInstanceOf(Promise)
    expect(counted.looks).toBe(2)
    await file.current()
  })

  it('is believed for as long where there was nothing to see: nobody makes us look more often', async () => {
    const file = fileOf()
    for (let time = 0; time < 3; time++) expect(await serving(file)).toBe('keys_unavailable')
    await file.warmUp()
    stopwatch.advance(0.999)
    expect(await serving(file)).toBe('keys_unavailable')
    expect(counted.looks).toBe(1)
    stopwatch.advance(0.001)
    expect(await serving(file)).toBe('keys_unavailable')
    expect(counted.looks).toBe(2)
  })

  it('is one for all who wait for it', async () => {
    await writeFile(path, one.pem)
    const file = fileOf()
    const all = await Promise.all([
      file.warmUp(),
      ...Array.from({ length: 20 }, () => file.current()),
      ...Array.from({ length: 20 }, () => serving(file)),
    ])
    expect(new Set(all).size).toBe(3)
    expect(counted).toEqual({ looks: 1, reads: 1 })
  })

  it('may be taken ahead of the first who asks', async () => {
    await writeFile(path, one.pem)
    const file = fileOf()
    await file.warmUp()
    expect(file.current()).not.toBeInstanceOf(Promise)
    await file.warmUp()
    expect(counted.looks).toBe(1)
    stopwatch.advance(1)
    await file.warmUp()
    expect(counted.looks).toBe(2)
    file.close()
  })

  it('never fails ahead of the first who asks', async () => {
    await expect(fileOf().warmUp()).resolves.toBeUndefined()
  })
})
