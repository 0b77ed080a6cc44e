import { expect, it } from 'vitest'
import { now, ours, type StateWorld, token } from '../state-target.js'

const unavailable = expect.objectContaining({ name: 'VerificationError', code: 'state_unavailable' })

/** From the first question to the last. */
export function lifeCases(world: StateWorld): void {
  it('is ready once it says so, as often as it is asked', async () => {
    const { state } = await world.nodes()
    await Promise.all([state.ready(), state.ready()])
    await state.ready()
    expect(state.health()).toMatchObject({ status: 'ready', revocations: 0, pending: 0 })
    expect(state.health().staleSeconds).toBeLessThan(5)
    for (const region of state.health().regions) expect(region).toMatchObject({ isConnected: true })
  })

  it('tells how many revocations it remembers', async () => {
    const { state, another } = await world.nodes()
    for (const jti of ['a', 'b', 'b']) await state.revoke({ jti })
    expect(state.health().revocations).toBe(2)
    await expect.poll(() => another.health().revocations).toBe(2)
  })

  it('lets nobody pass once it is closed, and uses nothing up', async () => {
    const { state } = await world.nodes()
    const { replays } = state
    await state.revoke({ jti: 'token-1' })
    await state.close()
    expect(state.health().status).toBe('closed')
    for (const each of [token(), token({ jti: 'x' })]) expect(() => state.isRevoked(each)).toThrow(unavailable)
    await expect(state.revoke({ jti: 'token-2' })).rejects.toThrow(unavailable)
    await expect(state.ready()).rejects.toThrow(unavailable)
    await expect(replays.useOnce({ kind: 'dpop', by: 'a', id: 'b' }, now + 60)).rejects.toThrow(unavailable)
  })

  it('remembers and tells nothing once it is closed, and each process fetches by itself', async () => {
    const { state } = await world.nodes()
    const question = { kind: 'subject', of: ours, about: 'ann' }
    const source = { issuer: ours, location: '' }
    await state.verdicts.remember(question, true, now + 60)
    await state.close()
    expect(await state.verdicts.recall(question)).toBeUndefined()
    await state.verdicts.remember(question, true, now + 60)
    expect(await state.verdicts.recall(question)).toBeUndefined()
    const document = { url: ours, text: '{"keys":[]}', fetchedAt: now }
    const options = { serves: () => true, timeoutSeconds: 1, keepSeconds: 60 }
    const fetched = await state.keySets.fetchOnce(source, options, async () => document)
    expect(fetched).toMatchObject({ document, isOwn: true })
    await expect(state.policies.latest('api')).rejects.toThrow()
    await expect(state.policies.publish('api', { head: 'a.b.c', text: '' }, undefined)).rejects.toThrow()
    state.attempts.add('client app', 60)
  })

  it('is closed twice as well as once, and at once', async () => {
    const { state, open } = await world.nodes()
    await state.close()
    await state.close()
    if (!world.target().isShared) return
    const third = await open()
    await Promise.all([third.close(), third.close()])
    expect(third.health().status).toBe('closed')
  })

  it('leaves the others to themselves', async () => {
    const { state, another, open } = await world.nodes()
    if (!world.target().isShared) return
    await state.revoke({ jti: 'token-1' })
    await state.close()
    const third = await open()
    expect(third.isRevoked(token())).toBe(true)
    await third.revoke({ jti: 'token-2' })
    await expect.poll(() => another.isRevoked(token({ jti: 'token-2' }))).toBe(true)
  })
}
