import { getEventListeners, once } from 'node:events'
import { createServer, type RequestListener, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { DocumentError, type FetchContext, fetchDocument } from './fetch-document.js'

const servers: Server[] = []
afterEach(async () => {
  for (const server of servers.splice(0)) {
    server.close().closeAllConnections()
    await once(server, 'close')
  }
})

async function serve(answer: RequestListener): Promise<URL> {
  const server = createServer(answer).listen(0, '127.0.0.1')
  servers.push(server)
  await once(server, 'listening')
  return new URL(`http://127.0.0.1:${(server.address() as AddressInfo).port}/keys`)
}

const context = (changed: Partial<FetchContext> = {}): FetchContext => ({
  fetch,
  timeoutSeconds: 5,
  signal: new AbortController().signal,
  ...changed,
})

const answering = (response: Response): FetchContext => context({ fetch: async () => response })

/** An open body that notes when nobody wants it any more. */
function openBody(): { readonly body: ReadableStream; readonly wasCancelled: () => boolean } {
  let cancelled = false
  const cancel = (): void => {
    cancelled = true
  }
  return { body: new ReadableStream({ cancel }), wasCancelled: () => cancelled }
}

const refused = (message: RegExp, isAbsent = false) =>
  expect.objectContaining({ name: 'DocumentError', isAbsent, message: expect.stringMatching(message) })

const url = new URL('https://idp.example.com/keys')

describe('a document', () => {
  it('comes as one JSON object, with its entity tag', async () => {
    const asked: unknown[] = []
    const at = await serve(({ method, url, headers }, response) => {
      asked.push([method, url, headers.accept, headers['if-none-match']])
      response.writeHead(200, { etag: '"a"' }).end('{"keys":[]}')
    })
    expect(await fetchDocument(at, context())).toEqual({
      document: { keys: [] },
      etag: '"a"',
      lifetimeSeconds: undefined,
    })
    expect(asked).toEqual([['GET', '/keys', 'application/json', undefined]])
  })

  it.each([
    ['text', 'no keys here'],
    ['nothing', ''],
    ['an array', '[]'],
    ['a member twice', '{"keys":[],"keys":[]}'],
    ['a byte order mark', '\ufeff{}'],
  ])('is not %s', async (_, body) => {
    const failed = fetchDocument(url, answering(new Response(body)))
    await expect(failed).rejects.toThrow(refused(/^https:\/\/idp\.example\.com\/keys: \w/))
  })

  it('is not an answer without a body', async () => {
    await expect(fetchDocument(url, answering(new Response(null)))).rejects.toThrow(refused(/not JSON/))
  })

  it('is never quoted in an error', async () => {
    const error = await fetchDocument(url, answering(new Response('{"secret'))).catch((reason: unknown) => reason)
    expect(error).toBeInstanceOf(DocumentError)
    expect(String((error as Error).message) + String((error as Error).cause)).not.toContain('secret')
  })
})

describe('RFC 9110 §15.4.5: a document that we hold', () => {
  it('is asked for by its entity tag, and still holds on 304', async () => {
    const at = await serve(({ headers }, response) => {
      response.writeHead(headers['if-none-match'] === '"a"' ? 304 : 500, { 'cache-control': 'max-age=90' }).end()
    })
    const held = await fetchDocument(at, context(), '"a"')
    expect(held).toEqual({ document: undefined, etag: '"a"', lifetimeSeconds: expect.closeTo(90, 0) })
  })

  it('gets the new entity tag of a 304', async () => {
    const answer = answering(new Response(null, { status: 304, headers: { etag: '"b"' } }))
    expect(await fetchDocument(url, answer, '"a"')).toMatchObject({ document: undefined, etag: '"b"' })
  })

  it('is replaced by a 200', async () => {
    const answer = answering(new Response('{"keys":[]}', { headers: { etag: '"b"' } }))
    expect(await fetchDocument(url, answer, '"a"')).toMatchObject({ document: { keys: [] }, etag: '"b"' })
  })

  it('does not hold by a 304 that nobody asked for', async () => {
    const answer = answering(new Response(null, { status: 304, headers: { etag: '"a"' } }))
    await expect(fetchDocument(url, answer)).rejects.toThrow(refused(/answered 304/))
  })
})

describe('RFC 8414 §3.2: the status', () => {
  it.each([201, 204, 206, 300, 400, 401, 403, 429, 500, 503])('%d brings no document', async (status) => {
    const body = status === 204 ? null : '{"keys":[]}'
    const failed = fetchDocument(url, answering(new Response(body, { status })))
    await expect(failed).rejects.toThrow(refused(new RegExp(`: answered ${status}$`)))
  })

  it.each([404, 410])('%d says that there is no document', async (status) => {
    const failed = fetchDocument(url, answering(new Response('{}', { status })))
    await expect(failed).rejects.toThrow(refused(new RegExp(`: answered ${status}$`), true))
  })

  it('leaves the body of a refusal unread', async () => {
    const { body, wasCancelled } = openBody()
    await expect(fetchDocument(url, answering(new Response(body, { status: 500 })))).rejects.toThrow(refused(/500/))
    expect(wasCancelled()).toBe(true)
  })
})

describe('the size', () => {
  const ofBytes = (bytes: number): string => `{"a":"${'x'.repeat(bytes - '{"a":""}'.length)}"}`

  it('may be 256 KiB', async () => {
    const { document } = await fetchDocument(url, answering(new Response(ofBytes(262_144))))
    expect(document).toHaveProperty('a')
  })

  it('may not be one byte more', async () => {
    const failed = fetchDocument(url, answering(new Response(ofBytes(262_145))))
    await expect(failed).rejects.toThrow(refused(/larger than 262144 bytes/))
  })

  it('ends a body that has no end', async () => {
    let hangUp = (): void => {}
    const hungUp = new Promise<void>((resolve) => {
      hangUp = resolve
    })
    const at = await serve((_, response) => {
      const more = (): unknown => response.write('x'.repeat(65_536), (error) => error ?? (response.destroyed || more()))
      response.on('close', hangUp)
      more()
    })
    await expect(fetchDocument(at, context())).rejects.toThrow(refused(/larger than/))
    await hungUp
  })
})

describe('the time', () => {
  it('ends the wait for an answer', async () => {
    const at = await serve(() => {})
    const failed = fetchDocument(at, context({ timeoutSeconds: 0.05 }))
    await expect(failed).rejects.toThrow(refused(/: no answer within 0\.05 s$/))
  })

  it('ends the wait for the rest of a body', async () => {
    const at = await serve((_, response) => void response.write('{"keys":'))
    const failed = fetchDocument(at, context({ timeoutSeconds: 0.05 }))
    await expect(failed).rejects.toThrow(refused(/: no answer within 0\.05 s$/))
  })

  describe('by a clock of the test', () => {
    beforeEach(() => void vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] }))
    afterEach(() => void vi.useRealTimers())

    it('is in seconds, and holds for a fetch that does not heed its signal', async () => {
      let outcome = 'waits'
      const deaf = context({ fetch: () => new Promise(() => {}), timeoutSeconds: 5 })
      const failed = fetchDocument(url, deaf).catch((error: Error) => {
        outcome = error.message
      })
      await vi.advanceTimersByTimeAsync(4_999)
      expect(outcome).toBe('waits')
      await vi.advanceTimersByTimeAsync(1)
      await failed
      expect(outcome).toMatch(/no answer within 5 s/)
    })

    it('is no longer counted after an answer', async () => {
      await fetchDocument(url, answering(new Response('{}')))
      expect(vi.getTimerCount()).toBe(0)
    })
  })
})

describe('closing', () => {
  it('ends a fetch under way, and says so to the fetch', async () => {
    const closing = new AbortController()
    let heard: AbortSignal | undefined
    const failed = fetchDocument(
      url,
      context({
        signal: closing.signal,
        fetch: (_, { signal }) => {
          heard = signal
          return new Promise(() => {})
        },
      }),
    )
    expect(heard?.aborted).toBe(false)
    closing.abort()
    await expect(failed).rejects.toThrow(refused(/: the verifier was closed$/))
    expect(heard?.aborted).toBe(true)
  })

  it('lets no fetch begin', async () => {
    const deaf = context({ signal: AbortSignal.abort(), fetch: () => new Promise(() => {}) })
    await expect(fetchDocument(url, deaf)).rejects.toThrow(refused(/: the verifier was closed$/))
  })

  it('is no longer listened for after an answer', async () => {
    const { signal } = new AbortController()
    await fetchDocument(url, context({ signal, fetch: async () => new Response('{}') }))
    expect(getEventListeners(signal, 'abort')).toEqual([])
  })
})

describe('an error', () => {
  it('says what happened below the fetch', async () => {
    const at = await serve(() => {})
    servers[0]?.close().closeAllConnections()
    const error = await fetchDocument(at, context()).catch((reason: unknown) => reason)
    expect(error).toEqual(refused(/^http:\/\/127\.0\.0\.1:\d+\/keys: fetch failed \(ECONNREFUSED\)$/))
    expect((error as Error).cause).toBeInstanceOf(TypeError)
  })

  it('has no cause where nothing is below', async () => {
    const error = await fetchDocument(url, answering(new Response(null, { status: 500 }))).catch((e: unknown) => e)
    expect(error).not.toHaveProperty('cause')
  })

  it.each<[string, unknown, string]>([
    ['an error', new Error('no route'), 'no route'],
    ['a cause without a code', new Error('no route', { cause: new Error('why') }), 'no route'],
    ['a cause that is no error', new Error('no route', { cause: { code: 'E' } }), 'no route'],
    ['what is no error', 'secret', 'the fetch failed'],
  ])('of a fetch that throws %s is one sentence', async (_, thrown, message) => {
    const failed = fetchDocument(url, context({ fetch: () => Promise.reject(thrown) }))
    await expect(failed).rejects.toThrow(refused(new RegExp(`: ${message}$`)))
  })
})
