// The same over HTTP/2, where many requests share one connection.
import { once } from 'node:events'
import { connect } from 'node:http2'
import type { AddressInfo } from 'node:net'
import type { VerifierOptions } from '@sallyport/core'
import sallyport from '@sallyport/fastify'
import fastify from 'fastify'
import { expect, it } from 'vitest'
import { bundleOf } from '../fixtures/svids.js'
import { authorityOf, clientOf, orders, own, svidOf } from './tls-servers.js'

const root = authorityOf('root')
const middle = authorityOf('middle', root)

it('a workload is known by all of its requests, with what came along at the first of them', async () => {
  const app = fastify({ http2: true, https: { ...own, requestCert: true, rejectUnauthorized: false } })
  await app.register(sallyport, {
    issuer: 'https://idp.example.com',
    audience: 'https://api.example.com',
    clientCertificate: 'tls',
    spiffe: {
      trustDomains: [{ trustDomain: 'prod.example', bundle: bundleOf([root]) }],
      withoutToken: true,
    },
    fetch: async () => new Response(null, { status: 404 }),
  } as VerifierOptions)
  app.get('/who', async (req) => ({ workload: req.auth.workload }))
  await app.listen({ port: 0, host: '127.0.0.1' })
  const { port } = app.server.address() as AddressInfo
  const session = connect(`https://127.0.0.1:${port}`, {
    rejectUnauthorized: false,
    ...clientOf(svidOf(middle, orders), middle),
  })
  const ask = async () => {
    const stream = session.request({ ':path': '/who' })
    let text = ''
    for await (const chunk of stream.setEncoding('utf8')) text += chunk
    const { workload, code } = JSON.parse(text) as { workload?: string; code?: string }
    return workload ?? code
  }
  for (let time = 0; time < 3; time++) expect(await ask()).toBe(orders)
  expect(await Promise.all([ask(), ask()])).toEqual([orders, orders])
  session.close()
  await once(session, 'close')
  await app.close()
})
