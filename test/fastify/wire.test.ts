// What `inject` does not show: upgrades, on real sockets. HTTP/2 is in test/contracts.
import { type AddressInfo, connect } from 'node:net'
import websocket, { type WebSocket } from '@fastify/websocket'
import { createTestClock, createTestIssuer } from '@sallyport/core/testing'
import sallyport, { scope } from '@sallyport/fastify'
import fastify from 'fastify'
import { afterAll, expect, it } from 'vitest'

const clock = createTestClock()
const idp = await createTestIssuer({ clock })
afterAll(() => idp.close())

const trust = { issuer: idp.issuer, audience: idp.audience, jwks: idp.jwks, clock }

/** Asks for an upgrade and says hello at once. Answers what came back, up to the end or to the first frame. */
async function upgrade(port: number, path: string, lines: readonly string[]): Promise<string> {
  const socket = connect(port, '127.0.0.1')
  const asked = ['Connection: Upgrade', 'Upgrade: websocket', 'Sec-WebSocket-Version: 13']
  const key = 'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ=='
  socket.write(`${[`GET ${path} HTTP/1.1`, 'Host: localhost', ...asked, key, ...lines].join('\r\n')}\r\n\r\n`)
  socket.write(Buffer.from([0x81, 0x82, 0, 0, 0, 0, 0x68, 0x69])) // RFC 6455 §5.2: `hi`, with a mask that changes nothing
  let received = ''
  for await (const chunk of socket) {
    received += (chunk as Buffer).toString('latin1')
    if (received.includes(heard)) break
  }
  return received
}

const heard = 'heard by the handler'

it('opens a WebSocket for those who pass, and answers the others in HTTP', async () => {
  const app = fastify()
  let opened = 0
  const live = (socket: WebSocket) => {
    opened++
    socket.on('message', () => socket.send(heard))
  }
  await app.register(websocket)
  await app.register(sallyport, { ...trust, credentials: ['authorization', { webSocketProtocol: 'access_token' }] })
  app.get('/live', { websocket: true }, live)
  app.get('/admin', { websocket: true, config: { auth: scope('admin') } }, live)
  await app.listen({ host: '127.0.0.1', port: 0 })
  const { port } = app.server.address() as AddressInfo
  const weak = await idp.issue({ scope: 'read' })
  try {
    for (const [path, lines, status, code] of [
      ['/live', [], 401, 'credential_missing'],
      ['/live', ['Authorization: Bearer garbage'], 401, 'token_malformed'],
      ['/live', ['Sec-WebSocket-Protocol: access_token, garbage'], 401, 'token_malformed'],
      ['/live', ['Sec-WebSocket-Protocol: access_token'], 400, 'credential_malformed'],
      [
        '/live',
        [`Sec-WebSocket-Protocol: access_token, ${weak}`, `Authorization: Bearer ${weak}`],
        400,
        'credential_ambiguous',
      ],
      ['/%6cive', [], 401, 'credential_missing'],
      ['/LIVE', [], 401, 'credential_missing'], // no route, which a stranger is not told
      ['/admin', [`Authorization: Bearer ${weak}`], 403, 'scope_insufficient'],
    ] as const) {
      const received = await upgrade(port, path, lines)
      expect(received).toMatch(new RegExp(`^HTTP/1.1 ${status} `))
      expect(received).toContain(`"code":"${code}"`)
      expect(received).not.toContain('101 Switching Protocols')
      expect(received).not.toContain(heard)
    }
    expect(opened).toBe(0)
    for (const line of [`Authorization: Bearer ${weak}`, `Sec-WebSocket-Protocol: access_token, ${weak}`]) {
      const received = await upgrade(port, '/live', [line])
      expect(received).toMatch(/^HTTP\/1.1 101 Switching Protocols\r\n/)
      expect(received).toContain(heard)
    }
    expect(opened).toBe(2)
  } finally {
    await app.close()
  }
})
