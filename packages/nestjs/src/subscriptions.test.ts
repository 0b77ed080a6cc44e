import { EventEmitter } from 'node:events'
import { anyScope, claim, createVerifier, param, type VerifiableRequest, type Verifier } from '@sallyport/core'
import { createTestClock, createTestIssuer, type TestIssuer } from '@sallyport/core/testing'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import type { Rule } from './rule.js'
import { Subscriptions } from './subscriptions.js'

/** A socket that notes how it was closed. */
class Socket extends EventEmitter {
  readonly closed: [number, string][] = []
  close(code: number, reason: string): void {
    this.closed.push([code, reason])
    this.emit('close')
  }
}

const clock = createTestClock()
let idp: TestIssuer
let verifier: Verifier
let request: VerifiableRequest
beforeAll(async () => {
  idp = await createTestIssuer({ clock })
})
afterAll(() => idp.close())
beforeEach(async () => {
  verifier = createVerifier({ issuer: idp.issuer, audience: idp.audience, jwks: idp.jwks, clock })
  request = { headers: await idp.asUser({ sid: 's1', scope: 'a', tenant: 'acme' }), params: { tenantId: 'acme' } }
})

const any: Rule = { access: 'required', policies: [] }
const scoped: Rule = { access: 'required', policies: [anyScope('a', 'b')] }
const own: Rule = {
  access: 'required',
  policies: [claim('tenant').equals(param('tenantId'))],
}

describe('Subscriptions', () => {
  it('end the socket when one of them may not stay', async () => {
    const [socket, other] = [new Socket(), new Socket()]
    const subscriptions = new Subscriptions(verifier)
    for (const rule of [any, scoped, own]) subscriptions.watch(socket, request, rule)
    subscriptions.watch(other, { headers: await idp.asUser({ sid: 's2' }) }, any)
    const ended = new Promise((resolve) => socket.once('close', resolve))
    await verifier.revoke({ session: 's1' })
    await ended
    expect(socket.closed).toEqual([[1008, 'token_revoked']])
    expect(other.closed).toEqual([])
    await verifier.close()
    expect(other.closed).toEqual([[1001, '']])
    expect(socket.closed).toHaveLength(1)
  })

  it('are watched once, though they come again and again', async () => {
    const socket = new Socket()
    const subscriptions = new Subscriptions(verifier)
    for (let turn = 0; turn < 3_000; turn++) {
      subscriptions.watch(socket, { ...request, params: { n: String(turn) } }, any)
      subscriptions.watch(socket, request, own)
    }
    expect(socket.listenerCount('close')).toBe(1)
    await verifier.close()
    expect(socket.closed.length).toBeLessThanOrEqual(2)
  })

  it('are watched apart where their arguments differ, up to a number that nobody needs', async () => {
    const socket = new Socket()
    const subscriptions = new Subscriptions(verifier)
    const watch = (n: number) =>
      subscriptions.watch(socket, { ...request, params: { n: { deep: [{ down: n }] } } }, scoped)
    for (let n = 0; n < 1_000; n++) watch(n)
    watch(7)
    expect(() => watch(1_000)).toThrow(expect.objectContaining({ name: 'ConfigurationError' }))
    expect(() => subscriptions.watch(new Socket(), request, scoped)).not.toThrow()
    socket.close(1000, '')
    await verifier.close()
    expect(socket.closed).toEqual([[1000, '']])
  })
})
