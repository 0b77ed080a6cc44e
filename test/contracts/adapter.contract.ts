// What every adapter promises, on real sockets: a rule holds on every framework or on none. The oracle is the engine itself, asked
// without a framework; an answer is compared with its to the byte, except for what the framework owns.

import { connect } from 'node:net'
import type { Denied, ErrorCode, Policy, PolicySet, VerifierOptions } from '@sallyport/core'
import {
  allOf,
  authenticatedWithin,
  claim,
  createVerifier,
  errorCodes,
  param,
  policy,
  policySet,
  scope,
  use,
} from '@sallyport/core'
import { createTestClock, createTestIssuer, createTestKey } from '@sallyport/core/testing'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { ServedApp, WireAnswer } from '../fixtures/served-app.js'
import { faults } from './faults.js'

/** One route of the app that the contract asks for. Every handler answers {@link answerOf} as text. */
export interface ContractRoute {
  readonly path: string
  /** A policy; `'public'`; `'optional'`; or absent for any valid token. */
  readonly auth?: Policy | 'public' | 'optional'
}

/** A framework with its adapter in front. */
export interface AdapterTarget {
  readonly name: string
  /** Serves an app with these routes, all for GET, behind a verifier with these options. */
  serve(options: VerifierOptions, routes: readonly ContractRoute[]): Promise<ServedApp>
  /** Codes that this target words as another one, because it does not see what the others see. */
  readonly sees?: Readonly<Partial<Record<ErrorCode, ErrorCode>>>
}

/** What a handler answers: who passed. */
export function answerOf(auth: { readonly subject: string | undefined } | undefined): string {
  return `in as ${auth === undefined ? 'nobody' : auth.subject}`
}

const clock = createTestClock()
const now = clock()
const orders = allOf(scope('read:orders'), authenticatedWithin('15m'), claim('plan').equals('paid'))
const ofTenant = claim('tenant').equals(param('tenantId'))
const policies: PolicySet = policySet(policy('tenants', { allow: ofTenant }))

const routes: readonly ContractRoute[] = [
  { path: '/health', auth: 'public' },
  { path: '/me' },
  { path: '/admin', auth: scope('admin') },
  { path: '/orders', auth: orders },
  { path: '/tenants/:tenantId', auth: ofTenant },
  { path: '/named/:tenantId', auth: use('tenants') },
]

/** Paths that a router, a proxy or a guard might read in different ways. */
const disguises = [
  '/%61dmin',
  '//admin',
  '/admin/',
  '/ADMIN',
  '/admin//',
  '/./admin',
  '/x/../admin',
  '/admin;x=1',
  '/admin%2f',
  '/admin%00',
  '/admin?',
  '/admin#x',
  '/admin/.',
  '/%2561dmin',
  'http://localhost/admin',
]

/** Runs the contract against one target. */
export function adapterContract(target: AdapterTarget): void {
  describe(`the contract of adapters: ${target.name}`, () => {
    const world = { now, stranger: undefined as unknown as Awaited<ReturnType<typeof createTestKey>> }
    let idp: Awaited<ReturnType<typeof createTestIssuer>>
    let away: Awaited<ReturnType<typeof createTestIssuer>>
    let options: VerifierOptions
    let app: ServedApp

    beforeAll(async () => {
      idp = await createTestIssuer({ clock })
      away = await createTestIssuer({ clock })
      await away.close()
      world.stranger = await createTestKey('ES256', idp.key.kid)
      options = {
        issuers: [
          {
            issuer: idp.issuer,
            audience: idp.audience,
            jwks: idp.jwks,
            maxTokenAgeSeconds: 3_600,
            requiredClaims: ['jti'],
          },
          { issuer: away.issuer, audience: idp.audience },
        ],
        policies,
        clock,
      }
      app = await target.serve(options, routes)
    })

    afterAll(async () => {
      await app.close()
      await idp.close()
    })

    const bearer = async (claims: object = {}): Promise<string> =>
      `Authorization: Bearer ${await idp.issue({ ...claims })}`

    /** What the engine says to such a request. */
    async function expected(lines: readonly string[], policy: Policy, params = {}): Promise<Denied> {
      const verifier = createVerifier(options)
      const rawHeaders = lines.flatMap((line) => [line.slice(0, line.indexOf(':')), line.slice(line.indexOf(':') + 2)])
      const decision = await verifier.verify({ headers: {}, rawHeaders, method: 'GET', url: '/', params }, policy)
      await verifier.close()
      if (decision.allowed) throw new Error('the engine lets it pass')
      return decision
    }

    function expectSame({ status, headers, body }: WireAnswer, denied: Denied): void {
      expect({ status, body }).toEqual({ status: denied.status, body: JSON.stringify(denied.body) })
      for (const [name, value] of Object.entries(denied.headers)) {
        const found = headers.get(name.toLowerCase())
        if (name === 'Retry-After') expect(Number(found?.[0])).toBeGreaterThanOrEqual(1)
        else expect(found, name).toEqual([value])
      }
      expect(headers.has('www-authenticate')).toBe('WWW-Authenticate' in denied.headers)
    }

    it('a good request reaches the handler, which knows who it is', async () => {
      const answer = await app.send('GET /me', [await bearer({ sub: 'ann' })])
      expect(answer).toMatchObject({ status: 200, body: answerOf({ subject: 'ann' }) })
      const orderer = await bearer({ sub: 'bob', scope: 'read:orders', plan: 'paid', auth_time: now - 900 })
      expect(await app.send('GET /orders', [orderer])).toMatchObject({
        status: 200,
        body: answerOf({ subject: 'bob' }),
      })
    })

    it.each(errorCodes)('%s is answered as the engine words it, to the byte', async (code) => {
      const { lines } = await faults[code]({ ...world, idp, away })
      const denied = await expected(lines, orders)
      expect(denied.code).toBe(code)
      const answer = await app.send('GET /orders', lines)
      const seen = target.sees?.[code]
      if (seen === undefined) expectSame(answer, denied)
      else expect([answer.status, JSON.parse(answer.body).code]).toEqual([denied.status, seen])
    })

    it('a public route is open, and a route without a word is not', async () => {
      expect(await app.send('GET /health')).toMatchObject({ status: 200, body: answerOf(undefined) })
      expect(await app.send('GET /me')).toMatchObject({ status: 401 })
    })

    it.each(['/tenants', '/named'])('%s/:tenantId is for the people of the tenant alone', async (path) => {
      const ann = await bearer({ tenant: 't1' })
      expect((await app.send(`GET ${path}/t1`, [ann])).status).toBe(200)
      expectSame(await app.send(`GET ${path}/t2`, [ann]), await expected([ann], ofTenant, { tenantId: 't2' }))
      expect((await app.send(`GET ${path}/t2?tenantId=t1`, [ann])).status).toBe(403)
      expect((await app.send(`GET ${path}/t%31`, [ann])).status).toBe(200) // decoded by the router, once
      expect((await app.send(`GET ${path}/t%2531`, [ann])).status).toBe(403)
      expect((await app.send(`GET ${path}/t1`, [await bearer()])).status).toBe(403)
    })

    it.each(disguises)('%s is no way round the guard of /admin', async (path) => {
      const handler = answerOf({ subject: 'user-1' })
      for (const lines of [[], ['Authorization: Bearer x'], [await bearer({ scope: 'read:orders' })]]) {
        const { status, body } = await app.send(`GET ${path}`, lines)
        expect(status, `${path} ${lines.length}`).toBeGreaterThanOrEqual(400)
        expect(body).not.toBe(handler)
      }
    })

    it('requests at the same moment don’t know of each other', async () => {
      const subjects = Array.from({ length: 60 }, (_, index) => (index % 3 === 0 ? undefined : `user-${index}`))
      const lines = await Promise.all(
        subjects.map((sub) => (sub === undefined ? [] : bearer({ sub }).then((line) => [line]))),
      )
      const answers = await Promise.all(lines.map((each) => app.send('GET /me', each)))
      expect(answers.map(({ body, status }) => (status === 200 ? body : status))).toEqual(
        subjects.map((subject) => (subject === undefined ? 401 : answerOf({ subject }))),
      )
    })

    it('requests on one connection are judged each by itself', async () => {
      const ann = await bearer({ sub: 'ann' })
      const answers = await overOneConnection(app.port, [[ann], [], ['Authorization: Bearer x'], [ann]])
      expect(answers).toEqual([200, 401, 401, 200])
    })

    it('a client that hangs up leaves the others alone', async () => {
      const ann = await bearer({ sub: 'ann' })
      for (let count = 0; count < 20; count++) {
        const socket = connect(app.port, '127.0.0.1')
        socket.on('error', () => undefined)
        socket.write(`GET /me HTTP/1.1\r\nHost: localhost\r\n${ann}\r\n\r\n`)
        socket.destroy()
      }
      expect((await app.send('GET /me', [ann])).status).toBe(200)
    })

    it.each<[string, readonly string[]]>([
      ['an empty line', ['Authorization:']],
      ['a scheme alone', ['Authorization: Bearer']],
      ['a scheme that is none', ['Authorization: Bearer\t']],
      ['bytes that are no ASCII', ['Authorization: Bearer \u00e9']],
      ['another scheme', ['Authorization: Basic YTpi']],
      ['two schemes in one line', ['Authorization: Basic YTpi, Bearer x']],
      ['a name that is written otherwise', ['AUTHORIZATION: Bearer x']],
    ])('a header that is odd lets nobody pass: %s', async (_, lines) => {
      const { status } = await app.send('GET /me', lines)
      expect(status).toBeGreaterThanOrEqual(400)
      expect(status).toBeLessThan(500)
    })

    it('an optional route lets the anonymous pass, and nobody with a bad token', async () => {
      const optional = await target.serve(options, [{ path: '/menu', auth: 'optional' }])
      expect(await optional.send('GET /menu')).toMatchObject({ status: 200, body: answerOf(undefined) })
      expect(await optional.send('GET /menu', [await bearer({ sub: 'ann' })])).toMatchObject({
        body: answerOf({ subject: 'ann' }),
      })
      expect((await optional.send('GET /menu', ['Authorization: Bearer x'])).status).toBe(401)
      await optional.close()
    })
  })
}

/** Sends requests one after the other through one connection, and answers their statuses. */
async function overOneConnection(port: number, requests: readonly (readonly string[])[]): Promise<readonly number[]> {
  const socket = connect(port, '127.0.0.1')
  const statuses: number[] = []
  const iterator = socket[Symbol.asyncIterator]()
  for (const lines of requests) {
    socket.write(['GET /me HTTP/1.1', 'Host: localhost', ...lines, '', ''].join('\r\n'))
    statuses.push(await nextStatus(iterator))
  }
  socket.destroy()
  return statuses
}

async function nextStatus(chunks: AsyncIterator<Buffer>): Promise<number> {
  let text = ''
  for (;;) {
    const { value, done } = await chunks.next()
    if (done === true) throw new Error('the connection was closed')
    text += (value as Buffer).toString('latin1')
    const [head, body] = text.split('\r\n\r\n')
    const length = Number(/content-length: (\d+)/i.exec(head ?? '')?.[1] ?? Number.NaN)
    const isComplete =
      body !== undefined && (body.length >= length || body.endsWith('0\r\n') || text.endsWith('0\r\n\r\n'))
    if (isComplete) return Number((head ?? '').split(' ')[1])
  }
}
