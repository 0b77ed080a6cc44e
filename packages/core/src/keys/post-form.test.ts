import { describe, expect, it } from 'vitest'
import type { Fetch, FetchContext } from './fetch-document.js'
import { postForm } from './post-form.js'

const url = new URL('https://idp.example.com/introspect')
const accept = 'application/json'

function ask(answer: Response | Error, seen: Parameters<Fetch>[] = []) {
  const context: FetchContext = {
    timeoutSeconds: 5,
    signal: new AbortController().signal,
    fetch: async (...given) => {
      seen.push(given)
      if (answer instanceof Error) throw answer
      return answer
    },
  }
  const form = new URLSearchParams({ token: 'a b&c' })
  return postForm(url, context, { form, headers: { authorization: 'Basic x' }, accept, greatestBytes: 10 })
}

const typed = (type: string, body = '{}', status = 200) =>
  new Response(body, { status, headers: { 'content-type': type } })

describe('RFC 7662 §2.1: a form that is sent', () => {
  it('goes by POST, and no redirect is followed', async () => {
    const seen: Parameters<Fetch>[] = []
    expect((await ask(typed(accept), seen)).toString()).toBe('{}')
    expect(seen).toEqual([
      [
        url.href,
        {
          method: 'POST',
          redirect: 'manual',
          body: 'token=a+b%26c',
          headers: { accept, authorization: 'Basic x', 'content-type': 'application/x-www-form-urlencoded' },
          signal: expect.any(AbortSignal),
        },
      ],
    ])
  })

  it.each(['application/json; charset=utf-8', 'Application/JSON'])('is answered with %s', async (type) => {
    expect((await ask(typed(type))).toString()).toBe('{}')
  })

  it.each<[string, Response | Error, RegExp]>([
    ['another type', typed('text/html'), /did not answer with application\/json/],
    ['a type that begins so', typed('application/jsonp'), /did not answer with/],
    ['no type', new Response(Buffer.from('{}')), /did not answer with/],
    ['another status', typed(accept, '{}', 201), /answered 201/],
    ['a redirect', Response.redirect('https://evil.example.com/', 307), /answered 307/],
    ['no faith in us', typed(accept, '{}', 401), /answered 401: it does not accept who we say we are/],
    ['no leave', typed(accept, '{}', 403), /answered 403: it does not accept/],
    ['an outage', typed(accept, '{}', 503), /answered 503/],
    ['too much', typed(accept, '{"a":"too much"}'), /is larger than 10 bytes/],
    ['nothing', new TypeError('fetch failed'), /fetch failed/],
  ])('has no answer in %s', async (_, answer, message) => {
    await expect(ask(answer)).rejects.toMatchObject({
      name: 'DocumentError',
      message: expect.stringMatching(message),
    })
  })

  it.each([
    [400, { isAnswered: true, isAbsent: false }],
    [404, { isAnswered: true, isAbsent: true }],
    [410, { isAnswered: true, isAbsent: true }],
    [428, { isAnswered: true, isAbsent: false }],
    [429, { isAnswered: false, isAbsent: false }],
    [499, { isAnswered: true, isAbsent: false }],
    [500, { isAnswered: false, isAbsent: false }],
    [503, { isAnswered: false, isAbsent: false }],
  ])('knows of %d whether the server is away, and whether it is there', async (status, facts) => {
    await expect(ask(typed(accept, '{}', status))).rejects.toMatchObject(facts)
  })

  it('reads nothing of what is no answer', async () => {
    let isCancelled = false
    const cancel = () => {
      isCancelled = true
    }
    const body = new ReadableStream({ cancel })
    await expect(ask(new Response(body, { status: 400 }))).rejects.toThrow('answered 400')
    expect(isCancelled).toBe(true)
  })
})
