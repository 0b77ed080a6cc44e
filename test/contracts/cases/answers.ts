// Who passes, what the others are answered, and what the operator can learn of it.

import type { Policy } from '@sallyport/core'
import { errorCodes } from '@sallyport/core'
import { expect, it } from 'vitest'
import type { WireAnswer } from '../../fixtures/served-app.js'
import { faults, publicUrl } from '../faults.js'
import { answerOf } from '../target.js'
import { type ContractWorld, eventsDuring, expectSame, nonceAt, now, ofNamed, ofTenant, orders } from '../world.js'

export function answerCases(world: () => ContractWorld): void {
  it('a good request reaches the handler, which knows who it is', async () => {
    const { app, bearer } = world()
    const answer = await app.send('GET /me', [await bearer({ sub: 'ann' })])
    expect(answer).toMatchObject({ status: 200, body: answerOf({ subject: 'ann' }) })
    const orderer = await bearer({ sub: 'bob', scope: 'read:orders', plan: 'paid', auth_time: now - 900 })
    expect(await app.send('GET /orders', [orderer])).toMatchObject({ status: 200, body: answerOf({ subject: 'bob' }) })
  })

  it('a holder reaches the handler, and is handed a nonce for the next proof where its own is old', async () => {
    const { app, idp, holder, nonce } = world()
    const token = await idp.issue({ sub: 'ann', cnf: holder.confirmation })
    const send = async (proofNonce: string) => {
      const claims = { nonce: proofNonce, iat: now }
      const proof = await holder.prove(token, { url: `${publicUrl}/me` }, { claims })
      return app.send('GET /me?page=1', [`Authorization: DPoP ${token}`, `DPoP: ${proof}`])
    }
    const fresh = await send(nonce)
    expect(fresh).toMatchObject({ status: 200, body: answerOf({ subject: 'ann' }) })
    expect(fresh.headers.has('dpop-nonce')).toBe(false)
    const old = await send(nonceAt(now - 200))
    expect(old).toMatchObject({ status: 200, body: answerOf({ subject: 'ann' }) })
    expect(old.headers.get('dpop-nonce')).toEqual([nonce])
    expect(old.headers.get('cache-control')).toEqual(['no-store'])
    expect(old.headers.get('access-control-expose-headers')?.join()).toContain('DPoP-Nonce')
    const stolen = await app.send('GET /me', [`Authorization: Bearer ${token}`])
    expect(stolen).toMatchObject({ status: 401, body: expect.stringContaining('binding_missing') })
  })

  it.each(errorCodes)('%s is answered as the engine words it, to the byte', async (code) => {
    const { app, expected, target } = world()
    const { lines } = await faults[code](world())
    const denied = await expected(lines, orders)
    if (target.joinsLines !== true) expect(denied.code).toBe(code)
    expectSame(await app.send('GET /orders', lines), denied)
  })

  it.each(errorCodes)('%s is explained to the operator, and nothing of the token to the client', async (code) => {
    const { app, expected, shown } = world()
    const { lines } = await faults[code](world())
    let answer: WireAnswer | undefined
    const [byEngine] = await eventsDuring(() => expected(lines, orders))
    const byAdapter = await eventsDuring(async () => {
      answer = await app.send('GET /orders', lines)
    })
    const said = JSON.parse(answer?.body ?? '').code
    expect(byEngine).toMatchObject({ allowed: false, code: said, reason: expect.stringMatching(/./) })
    expect(byEngine?.policy === undefined).toBe(!policyCodes.has(said))
    expect(byAdapter.at(-1)).toEqual(byEngine)
    if (app.verifier !== undefined) {
      const explanation = await app.verifier.explain(shown(lines), orders)
      expect(explanation).toMatchObject({ allowed: false, code: said })
    }
    const wire = JSON.stringify([...(answer?.headers ?? []), answer?.body])
    for (const value of lines.flatMap(claimValues)) expect(wire).not.toContain(value)
  })

  it('a public route is open, and a route without a word is not', async () => {
    const { app, expected } = world()
    expect(await app.send('GET /health')).toMatchObject({ status: 200, body: answerOf(undefined) })
    expect(await app.send('GET /health', ['Authorization: Bearer x'])).toMatchObject({ status: 200 })
    expectSame(await app.send('GET /me'), await expected([]))
  })

  it.each<[string, Policy]>([
    ['/tenants', ofTenant],
    ['/named', ofNamed],
  ])('%s/:tenantId is for the people of the tenant alone', async (path, policy) => {
    const { app, bearer, expected } = world()
    const ann = await bearer({ tenant: 't1' })
    expect((await app.send(`GET ${path}/t1`, [ann])).status).toBe(200)
    const others = { tenantId: 't2' }
    expectSame(await app.send(`GET ${path}/t2`, [ann]), await expected([ann], policy, others))
    expectSame(await app.send(`GET ${path}/t2?tenantId=t1`, [ann]), await expected([ann], policy, others))
    const stranger = await bearer()
    expectSame(await app.send(`GET ${path}/t1`, [stranger]), await expected([stranger], policy, { tenantId: 't1' }))
    const [byEngine] = await eventsDuring(() => expected([ann], policy, others))
    const byAdapter = await eventsDuring(() => app.send(`GET ${path}/t2`, [ann]))
    expect(byEngine?.policy).toBeDefined()
    expect(byAdapter.at(-1)).toEqual(byEngine)
  })

  it('an optional route lets the anonymous pass, and nobody with a bad token', async () => {
    const { app, bearer, expected } = world()
    expect(await app.send('GET /menu')).toMatchObject({ status: 200, body: answerOf(undefined) })
    const ann = await bearer({ sub: 'ann' })
    expect(await app.send('GET /menu', [ann])).toMatchObject({ status: 200, body: answerOf({ subject: 'ann' }) })
    for (const code of errorCodes) {
      const { lines } = await faults[code](world(), '/menu')
      if (lines.length > 0 && !policyCodes.has(code))
        expectSame(await app.send('GET /menu', lines), await expected(lines, undefined, {}, '/menu'))
    }
  })
}

const policyCodes = new Set<string>([
  'scope_insufficient',
  'step_up_required',
  'policy_denied',
  'policy_service_unavailable',
])

/** What a token says, in texts long enough to be told from others. */
function claimValues(line: string): readonly string[] {
  const payload = /\.([\w-]+)\./.exec(line)?.[1]
  if (payload === undefined) return []
  const claims = JSON.parse(Buffer.from(payload, 'base64url').toString()) as Record<string, unknown>
  const texts = Object.values(claims).map((value) =>
    typeof value === 'object' ? JSON.stringify(value) : String(value),
  )
  return texts.filter((text) => text.length > 3)
}
