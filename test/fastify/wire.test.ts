// What `inject` does not show: upgrades and HTTP/2, on real sockets.
import { once } from 'node:events'
import { connect as connectHttp2 } from 'node:http2'
import { type AddressInfo, connect } from 'node:net'
import websocket from '@fastify/websocket'
import { createTestClock, createTestIssuer } from '@sallyport/core/testing'
import sallyport from '@sallyport/fastify'
import fastify from 'fastify'
import { afterAll, expect, it } from 'vitest'

const clock = createTestClock()
const idp = await createTestIssuer({ clock })
afterAll(() => idp.close())

const trust = { issuer: idp.issuer, audience: idp.audience, jwks: idp.jwks, clock }

/** The first line that an upgrade is answered with. */
async function upgrade(port: number, lines: readonly string[]): Promise<string> {
  const socket = connect(port, '127.0.0.1')
  const asked = ['Connection: Upgrade', 'Upgrade: websocket', 'Sec-WebSocket-Version: 13']
  const key = 'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ=='
  socket.write(`${['GET /live HTTP/1.1', 'Host: localhost', ...asked, key, ...lines].join('\r\n')}\r\n\r\n`)
  const [chunk] = (await once(socket, 'data')) as [Buffer]
  socket.destroy()
  return chunk.toString('latin1').split('\r\n')[0] ?? ''
}

it('opens a WebSocket for those who pass, and answers the others in HTTP', async () => {
  const app = fastify()
  let opened = 0
  await app.register(websocket)
  await app.register(sallyport, { ...trust, credentials: ['authorization', { webSocketProtocol: 'access_token' }] })
  app.get('/live', { websocket: true }, () => void opened++)
  await app.listen({ host: '127.0.0.1', port: 0 })
  const { port } = app.server.address() as AddressInfo
  try {
    expect(await upgrade(port, [])).toBe('HTTP/1.1 401 Unauthorized')
    expect(await upgrade(port, ['Sec-WebSocket-Protocol: access_token, garbage'])).toBe('HTTP/1.1 401 Unauthorized')
    expect(opened).toBe(0)
    const token = await idp.issue({})
    expect(await upgrade(port, [`Authorization: Bearer ${token}`])).toBe('HTTP/1.1 101 Switching Protocols')
    expect(await upgrade(port, [`Sec-WebSocket-Protocol: access_token, ${token}`])).toContain(' 101 ')
    expect(opened).toBe(2)
  } finally {
    await app.close()
  }
})

it('judges requests over HTTP/2', async () => {
  const app = fastify({ http2: true })
  await app.register(sallyport, trust)
  app.get('/', async ({ auth }) => auth.subject)
  await app.listen({ host: '127.0.0.1', port: 0 })
  const client = connectHttp2(`http://127.0.0.1:${(app.server.address() as AddressInfo).port}`)
  const status = async (headers: Record<string, string>) => {
    const stream = client.request({ ':path': '/', ...headers })
    const [answer] = await once(stream, 'response')
    stream.close()
    return answer[':status']
  }
  try {
    expect(await status({})).toBe(401)
    expect(await status({ authorization: 'Bearer garbage' })).toBe(401)
    expect(await status({ authorization: `Bearer ${await idp.issue({})}` })).toBe(200)
  } finally {
    client.close()
    await app.close()
  }
})
