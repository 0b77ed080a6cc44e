import { describe, expect, it } from 'vitest'
import { type FetchContext, fetchDocument } from './fetch-document.js'

const start = new URL('https://idp.example.com/a/keys')

/** An issuer that answers with these redirects, one after the other, and then with a document. */
function redirecting(...answers: readonly Response[]): FetchContext & { readonly asked: string[] } {
  const rest = [...answers]
  const asked: string[] = []
  return {
    asked,
    timeoutSeconds: 5,
    signal: new AbortController().signal,
    fetch: async (url, { redirect, headers }) => {
      asked.push(url)
      expect([redirect, headers]).toEqual(['manual', { accept: 'application/json' }])
      return rest.shift() ?? new Response('{"keys":[]}')
    },
  }
}

const to = (location: string, status = 302): Response => new Response(null, { status, headers: { location } })
const refused = (message: RegExp) =>
  expect.objectContaining({ name: 'DocumentError', isAbsent: false, message: expect.stringMatching(message) })

describe('a redirect', () => {
  it.each([301, 302, 303, 307, 308])('by %d is followed on the same origin', async (status) => {
    const issuer = redirecting(to('https://idp.example.com/b', status))
    expect(await fetchDocument(start, issuer)).toMatchObject({ document: { keys: [] } })
    expect(issuer.asked).toEqual(['https://idp.example.com/a/keys', 'https://idp.example.com/b'])
  })

  it('is read from where it was given', async () => {
    const issuer = redirecting(to('b/c'), to('d'), to('/e?f=g'))
    await fetchDocument(start, issuer)
    expect(issuer.asked.map((url) => url.slice(start.origin.length))).toEqual(['/a/keys', '/a/b/c', '/a/b/d', '/e?f=g'])
  })

  it.each([300, 305, 306])('by %d is none', async (status) => {
    const issuer = redirecting(to('/b', status))
    await expect(fetchDocument(start, issuer)).rejects.toThrow(refused(new RegExp(`: answered ${status}$`)))
    expect(issuer.asked).toHaveLength(1)
  })

  it('without a place to go is none', async () => {
    const issuer = redirecting(new Response(null, { status: 302 }))
    await expect(fetchDocument(start, issuer)).rejects.toThrow(refused(/: answered 302$/))
  })

  it('beside a document is none', async () => {
    const issuer = redirecting(new Response('{"keys":[1]}', { headers: { location: '/b' } }))
    expect(await fetchDocument(start, issuer)).toMatchObject({ document: { keys: [1] } })
  })

  it.each([
    ['another host', 'https://evil.example.com/a/keys'],
    ['a name below', 'https://a.idp.example.com/a/keys'],
    ['another port', 'https://idp.example.com:8443/a/keys'],
    ['another scheme', 'http://idp.example.com/a/keys'],
    ['another host of the same scheme', '//evil.example.com/a/keys'],
    ['no host at all', 'data:application/json,{}'],
  ])('to %s is not followed', async (_, location) => {
    const issuer = redirecting(to(location))
    await expect(fetchDocument(start, issuer)).rejects.toThrow(refused(/: redirects to another origin$/))
    expect(issuer.asked).toEqual([start.href])
  })

  it('to another origin on the second step is not followed', async () => {
    const issuer = redirecting(to('/b'), to('https://evil.example.com/'))
    await expect(fetchDocument(start, issuer)).rejects.toThrow(refused(/: redirects to another origin$/))
    expect(issuer.asked).toHaveLength(2)
  })

  it('to nowhere is refused', async () => {
    await expect(fetchDocument(start, redirecting(to('https://')))).rejects.toThrow(refused(/Invalid URL/))
  })

  it('is followed three times and not a fourth', async () => {
    expect(await fetchDocument(start, redirecting(to('/b'), to('/c'), to('/d')))).toMatchObject({ document: {} })
    const loop = redirecting(to('/b'), to('/a/keys'), to('/b'), to('/a/keys'), to('/b'))
    await expect(fetchDocument(start, loop)).rejects.toThrow(refused(/: redirects more than 3 times$/))
    expect(loop.asked).toHaveLength(4)
  })

  it('leaves its body unread', async () => {
    let cancelled = false
    const cancel = (): void => {
      cancelled = true
    }
    const body = new ReadableStream({ cancel })
    await fetchDocument(start, redirecting(new Response(body, { status: 302, headers: { location: '/b' } })))
    expect(cancelled).toBe(true)
  })

  it('carries the entity tag along', async () => {
    const tags: unknown[] = []
    const answers = [to('/b'), new Response(null, { status: 304 })]
    await fetchDocument(
      start,
      {
        ...redirecting(),
        fetch: async (_, { headers }) => {
          tags.push(headers['if-none-match'])
          return answers.shift() as Response
        },
      },
      '"a"',
    )
    expect(tags).toEqual(['"a"', '"a"'])
  })
})
