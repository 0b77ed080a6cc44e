// Subjects that are looked up, seen from a request: after everything else about the token, on every request, cached or not.
import { afterAll, describe, expect, it } from 'vitest'
import { createMemoryState } from './state/memory-state.js'
import { createTestClock, createTestIssuer } from './testing.js'
import { createVerifier } from './verifier.js'

const clock = createTestClock()
const idp = await createTestIssuer({ clock })
afterAll(() => idp.close())

const { issuer, audience, jwks } = idp
const trust = { issuer, audience, jwks, clock }

function createWorld() {
  const users = new Set(['ann'])
  const store = { isAway: false, asked: 0 }
  const exists = async ({ subject }: { subject: string }): Promise<boolean> => {
    store.asked += 1
    if (store.isAway) throw new Error('the store is away')
    return users.has(subject)
  }
  const state = createMemoryState({ clock })
  const verifier = createVerifier({ ...trust, state, subjects: { exists } })
  const decide = async (claims: object = {}) =>
    verifier.verify({ headers: await idp.asUser({ sub: 'ann', ...claims }) })
  return { users, store, state, verifier, decide }
}

describe('a request of a subject', () => {
  it('that exists is allowed; that is gone is refused with 401 within the lifetime of the answer', async () => {
    const { users, decide } = createWorld()
    expect(await decide()).toMatchObject({ allowed: true })
    users.delete('ann')
    clock.advance(60)
    const denied = await decide()
    expect(denied).toMatchObject({ allowed: false, code: 'subject_unknown', status: 401 })
    expect(denied.allowed || denied.headers['WWW-Authenticate']).toContain('error="invalid_token"')
  })

  it('of one token that was verified before is looked up as well', async () => {
    const { users, verifier } = createWorld()
    const request = { headers: await idp.asUser({ sub: 'ann' }, { expiresInSeconds: 600 }) }
    for (let sight = 0; sight < 3; sight++) expect(await verifier.verify(request)).toMatchObject({ allowed: true })
    expect(verifier.decide(request)).not.toBeInstanceOf(Promise)
    users.delete('ann')
    clock.advance(60)
    expect(await verifier.verify(request)).toMatchObject({ code: 'subject_unknown' })
  })

  it('is refused with 503 and Retry-After while it cannot be looked up', async () => {
    const { store, decide } = createWorld()
    store.isAway = true
    expect(await decide()).toMatchObject({
      allowed: false,
      code: 'subject_unavailable',
      status: 503,
      headers: { 'Retry-After': '1' },
    })
    store.isAway = false
    expect(await decide()).toMatchObject({ allowed: true })
  })

  it('that is gone now is refused at once, everywhere, where the application says so', async () => {
    const { verifier, state, decide } = createWorld()
    expect(await decide()).toMatchObject({ allowed: true })
    await state.revoke({ subject: 'ann', issuer })
    expect(await decide()).toMatchObject({ code: 'token_revoked' })
    await verifier.close()
  })

  it('is not looked up for a token that is refused anyway', async () => {
    const { store, decide } = createWorld()
    for (const spoiled of [{ aud: 'other' }, { exp: clock() - 60, iat: clock() - 90 }, { cnf: { jkt: 'x' } }])
      expect(await decide(spoiled)).toMatchObject({ allowed: false })
    expect(store.asked).toBe(0)
  })

  it('is looked up for a bare token, too', async () => {
    const { users, verifier } = createWorld()
    const token = await idp.issue({ sub: 'ann' })
    expect(verifier.recall(token)).toBeUndefined()
    for (let sight = 0; sight < 2; sight++) expect(await verifier.verifyToken(token)).toMatchObject({ subject: 'ann' })
    expect(verifier.recall(token)).toMatchObject({ subject: 'ann' })
    users.delete('ann')
    clock.advance(60)
    expect(verifier.recall(token)).toBeUndefined()
    await expect(verifier.verifyToken(token)).rejects.toMatchObject({ code: 'subject_unknown' })
  })

  it('is looked up once for two verifiers with one state', async () => {
    const { state, store, decide } = createWorld()
    const second = createVerifier({
      ...trust,
      state,
      subjects: { exists: () => Promise.reject(new Error('not asked')) },
    })
    expect(await decide()).toMatchObject({ allowed: true })
    expect(await second.verify({ headers: await idp.asUser({ sub: 'ann' }) })).toMatchObject({ allowed: true })
    expect(store.asked).toBe(1)
  })

  it('is explained', async () => {
    const { verifier } = createWorld()
    const { code, checks } = await verifier.explain({ headers: await idp.asUser({ sub: 'bob' }) })
    expect([code, checks.find(({ outcome }) => outcome === 'failed')?.check]).toEqual(['subject_unknown', 'subject'])
  })
})
