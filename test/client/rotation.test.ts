// Certificates that change under a client: what fits together takes over and drops nothing, what does not is left alone.
import { once } from 'node:events'
import { mkdir, rename, rm, symlink, utimes, writeFile } from 'node:fs/promises'
import type { ServerResponse } from 'node:http'
import { join } from 'node:path'
import { type ServiceClientOptions, serviceClient } from '@sallyport/client'
import { ConfigurationError } from '@sallyport/core'
import { fetch as undiciFetch } from 'undici'
import { describe, expect, it, onTestFinished } from 'vitest'
import { createExpiredAuthority, createTestAuthority } from '../fixtures/certificates.js'
import { certificateFolder, clientEvents, clientOf, createMesh, startService } from './services.js'

function clientWith(options: ServiceClientOptions): ReturnType<typeof serviceClient> {
  const client = serviceClient({ reloadSeconds: 0, ...options })
  onTestFinished(() => client.close())
  return client
}

const textOf = async (response: Promise<Response>): Promise<string> => (await response).text()

describe('a rotation', () => {
  it('shows the new certificate from the next request on', async () => {
    const { authority, service, files } = await createMesh()
    const events = clientEvents()
    const client = clientWith({ name: 'orders', tls: files.paths })
    expect(await textOf(client.fetch(service.url))).toBe('client-1')
    await files.write(authority.issue('client-2'))
    expect(await client.reload()).toBe('rotated')
    expect(await textOf(client.fetch(service.url))).toBe('client-2')
    expect(events).toEqual([
      { client: 'orders', outcome: 'rotated', expiresAt: client.health().certificates?.expiresAt },
    ])
  })

  it('is found by looking at the files', async () => {
    const { authority, service, files } = await createMesh()
    const client = clientWith({ tls: { spiffeFolder: files.folder }, reloadSeconds: 0.02 })
    expect(await textOf(client.fetch(service.url))).toBe('client-1')
    await files.write(authority.issue('client-2'))
    await expect.poll(() => textOf(client.fetch(service.url))).toBe('client-2')
  })

  it('fails no request under load, and leaves no connection of the old certificate', async () => {
    const { authority, service, files } = await createMesh()
    const client = clientWith({ tls: files.paths, connectionsPerOrigin: 8 })
    const answers = new Map<string, number>()
    const failures: unknown[] = []
    let isOver = false
    onTestFinished(() => {
      isOver = true
    })
    const caller = async (): Promise<void> => {
      while (!isOver) {
        try {
          const name = await textOf(client.fetch(service.url))
          answers.set(name, (answers.get(name) ?? 0) + 1)
        } catch (error) {
          failures.push(error)
          return
        }
      }
    }
    const callers = Array.from({ length: 24 }, caller)
    for (let round = 2; round <= 12; round += 1) {
      await files.write(authority.issue(`client-${round}`))
      expect(await client.reload()).toBe('rotated')
      await expect.poll(() => answers.get(`client-${round}`) ?? 0).toBeGreaterThan(20)
    }
    isOver = true
    await Promise.all(callers)
    expect(failures).toEqual([])
    expect(answers.size).toBe(12)
    expect(await textOf(client.fetch(service.url))).toBe('client-12')
  })

  it('lets a request in flight end where it began', async () => {
    const authority = createTestAuthority('mesh')
    const waiting: ServerResponse[] = []
    const service = await startService(
      { identity: authority.issue('localhost'), clientCa: authority.ca },
      (request, response) => {
        if (request.url !== '/slow') return void response.end(clientOf(request))
        response.write(clientOf(request))
        waiting.push(response)
      },
    )
    const files = await certificateFolder({ ...authority.issue('client-1'), ca: authority.ca })
    const client = clientWith({ tls: files.paths })
    const slow = await client.fetch(`${service.url}/slow`)
    await files.write(authority.issue('client-2'))
    await client.reload()
    expect(await textOf(client.fetch(service.url))).toBe('client-2')
    waiting[0]?.end(' to the end')
    expect(await slow.text()).toBe('client-1 to the end')
  })

  it('ends a request that takes too long, and says so', async () => {
    const authority = createTestAuthority('mesh')
    const service = await startService(
      { identity: authority.issue('localhost'), clientCa: authority.ca },
      (_, response) => void response.write('for ever'),
    )
    const files = await certificateFolder({ ...authority.issue('client-1'), ca: authority.ca })
    const events = clientEvents()
    const client = clientWith({ tls: files.paths, drainSeconds: 0.05 })
    const endless = await client.fetch(service.url)
    await files.write(authority.issue('client-2'))
    await client.reload()
    const begun = performance.now()
    await expect(endless.text()).rejects.toThrow()
    expect(performance.now() - begun).toBeLessThan(5_000) // the connection itself would wait ten seconds
    expect(events.map(({ outcome }) => outcome)).toEqual(['rotated', 'severed'])
  })

  it('reaches those that were lent the dispatcher', async () => {
    const { authority, service, files } = await createMesh()
    const { dispatcher, reload } = clientWith({ tls: files.paths })
    expect(await (await undiciFetch(service.url, { dispatcher })).text()).toBe('client-1')
    await files.write(authority.issue('client-2'))
    await reload()
    expect(await (await undiciFetch(service.url, { dispatcher })).text()).toBe('client-2')
    const { body } = await dispatcher.request({ origin: service.url, path: '/', method: 'GET' })
    expect(await body.text()).toBe('client-2')
  })

  it('begins no session of TLS where the old certificate ended one', async () => {
    const { authority, service, files } = await createMesh()
    const client = clientWith({ tls: files.paths })
    // The session of the first connection is there before the second begins.
    await Promise.all([1, 2, 3].map(() => textOf(client.fetch(service.url))))
    await files.write(authority.issue('client-2'))
    await client.reload()
    const names = await Promise.all([1, 2, 3].map(() => textOf(client.fetch(service.url))))
    expect(names).toEqual(['client-2', 'client-2', 'client-2'])
    expect(service.connections()).toBeGreaterThan(3)
  })

  it('does nothing for files that were touched and are the same', async () => {
    const { service, files } = await createMesh()
    const events = clientEvents()
    const client = clientWith({ tls: files.paths })
    await textOf(client.fetch(service.url))
    for (const path of Object.values(files.paths)) await utimes(path, 1, 1)
    expect(await client.reload()).toBe('unchanged')
    await textOf(client.fetch(service.url))
    expect(service.connections()).toBe(1)
    expect(events).toEqual([])
  })

  it('follows the links of a volume that Kubernetes mounts', async () => {
    const { authority, service, files } = await createMesh()
    const links = join(files.folder, 'links')
    await mkdir(links)
    const publish = async (version: string): Promise<void> => {
      await mkdir(join(links, version))
      const { cert, key } = authority.issue(version)
      await writeFile(join(links, version, 'svid.pem'), cert)
      await writeFile(join(links, version, 'svid_key.pem'), key)
      await writeFile(join(links, version, 'bundle.pem'), authority.ca)
      await symlink(version, join(links, '..data_tmp'))
      await rename(join(links, '..data_tmp'), join(links, '..data'))
    }
    await publish('volume-1')
    for (const name of ['svid.pem', 'svid_key.pem', 'bundle.pem']) await symlink(`..data/${name}`, join(links, name))
    const client = clientWith({ tls: { spiffeFolder: links } })
    expect(await textOf(client.fetch(service.url))).toBe('volume-1')
    await publish('volume-2')
    expect(await client.reload()).toBe('rotated')
    expect(await textOf(client.fetch(service.url))).toBe('volume-2')
  })
})

describe('a set that is not taken', () => {
  const spoiled = {
    'a key of another certificate': ['the key does not belong to the certificate', () => ({ cert: 'next' })],
    'a certificate that has expired': ['the certificate has expired', () => ({ expired: true })],
    'a certificate that is too new': ['the certificate is not in force yet', () => ({ early: true })],
    'half a certificate': ['the certificate is not whole', () => ({ half: 'cert' })],
    'half a key': ['the key is not whole, or is encrypted', () => ({ half: 'key' })],
    'half a bundle': ['the bundle of authorities is not whole', () => ({ half: 'ca' })],
    'nothing at all': ['the certificate is not whole', () => ({ empty: true })],
  } as const

  it.each(Object.entries(spoiled))('%s: the old one stays, and it is told once', async (_, [reason, how]) => {
    const { authority, service, files } = await createMesh()
    const events = clientEvents()
    const client = clientWith({ tls: files.paths })
    const way = how() as {
      cert?: string
      expired?: boolean
      early?: boolean
      half?: 'cert' | 'key' | 'ca'
      empty?: boolean
    }
    const next = { ...authority.issue('client-2', way), ca: authority.ca }
    if (way.cert !== undefined) await files.write({ cert: next.cert })
    else if (way.half !== undefined) await files.write({ ...next, [way.half]: next[way.half].slice(0, 200) })
    else if (way.empty) await files.write({ cert: '' })
    else await files.write(next)
    expect([await client.reload(), await client.reload()]).toEqual(['rejected', 'rejected'])
    expect(events).toEqual([{ client: 'client', outcome: 'rejected', reason }])
    expect(client.health().certificates).toMatchObject({ rejection: reason, isExpired: false })
    expect(await textOf(client.fetch(service.url))).toBe('client-1')

    await files.write({ ...authority.issue('client-3'), ca: authority.ca })
    expect(await client.reload()).toBe('rotated')
    expect(client.health().certificates).not.toHaveProperty('rejection')
    expect(await textOf(client.fetch(service.url))).toBe('client-3')
  })

  it('half a chain, behind a certificate that is whole: the old one stays', async () => {
    const { authority, files } = await createMesh()
    const client = clientWith({ tls: files.paths })
    const { cert, key } = authority.issue('client-2')
    await files.write({ cert: cert + authority.ca.slice(0, 200), key })
    expect(await client.reload()).toBe('rejected')
    expect(client.health().certificates?.rejection).toBe('the certificate is not whole')
    await files.write({ cert: cert + authority.ca })
    expect(await client.reload()).toBe('rotated')
  })

  it('a bundle whose authorities have all expired: the old one stays', async () => {
    const { authority, service, files } = await createMesh()
    const client = clientWith({ tls: files.paths })
    const expired = createExpiredAuthority('before')
    await files.write({ ca: expired.ca })
    expect(await client.reload()).toBe('rejected')
    expect(await textOf(client.fetch(service.url))).toBe('client-1')
    await files.write({ ca: expired.ca + authority.ca })
    expect(await client.reload()).toBe('rotated')
    expect(await textOf(client.fetch(service.url))).toBe('client-1')
  })

  it('is taken at the moment it comes into force', async () => {
    let now = Date.now() / 1000
    const { authority, service, files } = await createMesh()
    const client = clientWith({ tls: files.paths, clock: () => now })
    await files.write(authority.issue('client-2', { early: true }))
    expect(await client.reload()).toBe('rejected')
    now += 60_000
    expect(await client.reload()).toBe('rotated')
    expect(client.health().certificates?.loadedAt).toBe(now)
    expect(service.connections()).toBe(0)
  })

  it('files that are gone: the old ones stay, and nothing of their path is told', async () => {
    const { service, files } = await createMesh()
    const events = clientEvents()
    const client = clientWith({ tls: files.paths })
    await rm(files.paths.keyFile)
    expect(await client.reload()).toBe('rejected')
    expect(events[0]?.reason).toBe('the files of the certificates cannot be read (ENOENT)')
    expect(await textOf(client.fetch(service.url))).toBe('client-1')
  })

  it.each([
    ['expired', { expired: true }],
    ['early', { early: true }],
  ])('%s: no client is built with it', async (_, way) => {
    const authority = createTestAuthority('mesh')
    const files = await certificateFolder({ ...authority.issue('client-1', way), ca: authority.ca })
    expect(() => serviceClient({ tls: files.paths })).toThrow(ConfigurationError)
  })

  it('no client is built where there are no files', () => {
    expect(() => serviceClient({ tls: { spiffeFolder: '/nowhere' } })).toThrow(ConfigurationError)
  })
})

describe('another authority', () => {
  it('takes over with the bundle', async () => {
    const [before, after] = [createTestAuthority('before'), createTestAuthority('after')]
    const clientCa = [before.ca, after.ca]
    const old = await startService({ identity: before.issue('localhost'), clientCa })
    const young = await startService({ identity: after.issue('localhost'), clientCa })
    const files = await certificateFolder({ ...before.issue('client-1'), ca: before.ca })
    const client = clientWith({ tls: files.paths })
    expect(await textOf(client.fetch(old.url))).toBe('client-1')
    await expect(client.fetch(young.url)).rejects.toMatchObject({ code: 'service_unavailable' })

    await files.write({ ca: before.ca + after.ca })
    expect(await client.reload()).toBe('rotated')
    expect(await textOf(client.fetch(old.url))).toBe('client-1')
    expect(await textOf(client.fetch(young.url))).toBe('client-1')

    await files.write({ ...after.issue('client-2'), ca: after.ca })
    expect(await client.reload()).toBe('rotated')
    expect(await textOf(client.fetch(young.url))).toBe('client-2')
    await expect(client.fetch(old.url)).rejects.toMatchObject({ code: 'service_unavailable' })
  })
})

describe('closing', () => {
  it('waits for what is in flight, and takes nothing more', async () => {
    const authority = createTestAuthority('mesh')
    const waiting: ServerResponse[] = []
    const service = await startService(
      { identity: authority.issue('localhost'), clientCa: authority.ca },
      (_, response) => void waiting.push(response),
    )
    const files = await certificateFolder({ ...authority.issue('client-1'), ca: authority.ca })
    const client = serviceClient({ tls: files.paths })
    const last = textOf(client.fetch(service.url))
    await expect.poll(() => waiting.length).toBe(1)
    const closed = once(waiting[0] as ServerResponse, 'finish')
    const closing = client.close()
    await expect(client.fetch(service.url)).rejects.toMatchObject({ code: 'client_closed' })
    waiting[0]?.end('the last')
    expect(await last).toBe('the last')
    await Promise.all([closed, closing, client.close()])
  })
})
