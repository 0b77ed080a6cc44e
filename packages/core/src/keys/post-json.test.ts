import { describe, expect, it } from 'vitest'
import { DocumentError, type Fetch } from './fetch-document.js'
import { postJson } from './post-json.js'

const url = new URL('https://pdp.example.com/access/v1/evaluation')
const post = { body: '{}', headers: { authorization: 'Bearer k' }, greatestBytes: 100 }
const context = (fetch: Fetch) => ({ fetch, timeoutSeconds: 5, signal: new AbortController().signal })
const json = { 'content-type': 'application/json' }

async function failureOf(fetch: Fetch): Promise<DocumentError> {
  try {
    await postJson(url, context(fetch), post)
  } catch (error) {
    if (error instanceof DocumentError) return error
    throw error
  }
  throw new Error('it was answered')
}

describe('a question', () => {
  it('is posted as JSON, with what was given, and follows no redirect', async () => {
    const sent: unknown[] = []
    const fetch: Fetch = async (to, init) => {
      sent.push([to, { ...init, signal: undefined }])
      return Response.json({ decision: true }, { headers: { 'x-request-id': '7' } })
    }
    const { document, headers } = await postJson(url, context(fetch), post)
    expect(document).toEqual({ decision: true })
    expect(headers.get('x-request-id')).toBe('7')
    const lines = { authorization: 'Bearer k', accept: 'application/json', 'content-type': 'application/json' }
    expect(sent).toEqual([
      [url.href, { method: 'POST', body: '{}', redirect: 'manual', headers: lines, signal: undefined }],
    ])
  })

  it.each(['application/json', 'application/json; charset=utf-8', 'Application/JSON'])(
    'is answered by %s',
    async (type) => {
      const fetch: Fetch = async () => new Response('{}', { headers: { 'content-type': type } })
      await expect(postJson(url, context(fetch), post)).resolves.toMatchObject({ document: {} })
    },
  )
})

describe('no answer', () => {
  it.each<[string, () => Response, boolean]>([
    ['another media type', () => new Response('{}', { headers: { 'content-type': 'text/html' } }), true],
    ['no media type', () => new Response(new Uint8Array([0x7b, 0x7d])), true],
    ['no JSON', () => new Response('{', { headers: json }), true],
    ['no object', () => new Response('[true]', { headers: json }), true],
    ['two members of one name', () => new Response('{"a":1,"a":2}', { headers: json }), true],
    ['too much', () => new Response(`{"a":"${'x'.repeat(100)}"}`, { headers: json }), true],
    ['a redirect', () => new Response(null, { status: 302, headers: { location: '/' } }), true],
    ['another success', () => new Response('{}', { status: 201, headers: json }), true],
    ['our credentials are not accepted', () => new Response('{}', { status: 401, headers: json }), true],
    ['this question is too much for it', () => new Response('{}', { status: 500, headers: json }), true],
    ['it has had enough', () => new Response('{}', { status: 429, headers: json }), false],
    ['it is away', () => new Response('{}', { status: 503, headers: json }), false],
    ['what is behind it is away', () => new Response('{}', { status: 502, headers: json }), false],
    ['what is behind it is slow', () => new Response('{}', { status: 504, headers: json }), false],
  ])('%s', async (_, respond, isAnswered) => {
    expect((await failureOf(async () => respond())).isAnswered).toBe(isAnswered)
  })

  it('leaves no body behind', async () => {
    const cancelled: unknown[] = []
    const body = () => new ReadableStream({ cancel: () => void cancelled.push(1) })
    await failureOf(async () => new Response(body(), { status: 500 }))
    await failureOf(async () => new Response(body(), { headers: { 'content-type': 'text/html' } }))
    expect(cancelled).toHaveLength(2)
  })

  it('leaves no body behind that comes too late', async () => {
    const cancelled: unknown[] = []
    const closing = new AbortController()
    let answer: (response: Response) => void = () => undefined
    const fetch: Fetch = () =>
      new Promise((resolve) => {
        answer = resolve
      })
    const asking = postJson(url, { fetch, timeoutSeconds: 5, signal: closing.signal }, post)
    closing.abort()
    await expect(asking).rejects.toThrow(DocumentError)
    answer(new Response(new ReadableStream({ cancel: () => void cancelled.push(1) }), { headers: json }))
    await expect.poll(() => cancelled.length).toBe(1)
  })
})
