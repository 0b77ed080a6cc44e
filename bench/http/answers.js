// A wrong answer has no speed: before a server is measured, it lets a good token in, and refuses every bad one and none at all.
import { once } from 'node:events'
import { get } from 'node:http'
import { text } from 'node:stream/consumers'

export async function requireRightAnswers(port, { good, bad }) {
  const { status, body } = await answerTo(port, good)
  if (status !== 200) throw new Error(`answered ${status} to a good token`)
  if (body !== '{"hello":"world"}') throw new Error('answered something else to a good token')
  for (const [kind, token] of Object.entries(bad)) {
    const { status } = await answerTo(port, token)
    if (status !== 401) throw new Error(`answered ${status} to ${kind}`)
  }
}

async function answerTo(port, token) {
  const headers = token === '' ? {} : { authorization: `Bearer ${token}` }
  const request = get({ port, host: '127.0.0.1', headers, agent: false, signal: AbortSignal.timeout(10_000) })
  const [response] = await once(request, 'response')
  return { status: response.statusCode, body: await text(response) }
}
