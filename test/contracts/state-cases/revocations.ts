import type { Revocation, State, TokenFacts } from '@sallyport/core'
import { describe, expect, it } from 'vitest'
import { foreign, now, ours, type StateWorld, token } from '../state-target.js'

type Changed = Readonly<Record<string, unknown>>

/** What is named to the letter: on the node that was told, and on every other. */
export function revocationCases(world: StateWorld): void {
  const rows: readonly [name: string, revocation: Revocation, neighbours: readonly Changed[]][] = [
    ['a token', { jti: 'token-1' }, [{ jti: 'token-2' }, { jti: 'Token-1' }, { jti: 'token-1 ' }, { jti: undefined }]],
    ['a session', { session: 'session-1' }, [{ sid: 'session-2' }, { sid: ['session-1'] }, { sid: undefined }]],
    ['a key', { keyId: 'key-1' }, [{ keyId: 'key-2' }, { keyId: 'key-1 ' }, { keyId: null }]],
    ['a subject', { subject: 'ann' }, [{ sub: 'anna' }, { sub: 'Ann' }, { sub: undefined }]],
    ['a client', { client: 'app' }, [{ client_id: 'app2' }, { client_id: ['app'] }, { client_id: undefined }]],
  ]

  it('revokes nothing where nothing was', async () => {
    const { state, another } = await world.nodes()
    expect([state, another].map((node) => node.isRevoked(token()))).toEqual([false, false])
  })

  it.each(rows)(
    '%s is revoked at once here and soon everywhere, and its neighbours are not',
    async (_, revocation, neighbours) => {
      const { state, another } = await world.nodes()
      await state.revoke(revocation)
      expect(state.isRevoked(token())).toBe(true)
      await revokedBy(another, token())
      for (const node of [state, another]) {
        for (const neighbour of neighbours)
          expect(node.isRevoked(token(neighbour)), JSON.stringify(neighbour)).toBe(false)
      }
    },
  )

  it.each(rows)('%s counts for every issuer, unless one is named', async (_, revocation) => {
    const every = await world.nodes()
    await every.state.revoke(revocation)
    await revokedBy(every.another, token({}, foreign))
    const scoped = await world.nodes()
    await scoped.state.revoke({ ...revocation, issuer: ours } as Revocation)
    await revokedBy(scoped.another, token())
    expect([scoped.state, scoped.another].map((node) => node.isRevoked(token({}, foreign)))).toEqual([false, false])
  })

  it('a node that comes later knows', async () => {
    const { state, open } = await world.nodes()
    for (const [, revocation] of rows) await state.revoke(revocation)
    const late = await open()
    const others = { jti: 'x', sid: 'x', keyId: 'x', sub: 'x', client_id: 'x' }
    for (const own of [
      { jti: 'token-1' },
      { sid: 'session-1' },
      { keyId: 'key-1' },
      { sub: 'ann' },
      { client_id: 'app' },
    ])
      expect(late.isRevoked(token({ ...others, ...own })), JSON.stringify(own)).toBe(true)
    expect(late.isRevoked(token(others))).toBe(false)
  })

  it('one name is not taken for another', async () => {
    const { state, another } = await world.nodes()
    for (const revocation of [
      { jti: 'ann' },
      { session: 'ann' },
      { client: 'ann' },
      { keyId: 'ann' },
      { issuer: 'ann' },
    ])
      await state.revoke(revocation)
    await revokedBy(another, token({}, 'ann'))
    expect([state, another].map((node) => node.isRevoked(token()))).toEqual([false, false])
  })

  it('an issuer is revoked, and another is not', async () => {
    const { state, another } = await world.nodes()
    await state.revoke({ issuer: ours })
    await revokedBy(another, token())
    for (const node of [state, another]) {
      expect(node.isRevoked(token())).toBe(true)
      expect(node.isRevoked(token({}, foreign))).toBe(false)
      expect(node.isRevoked(token({}, `${ours}/`))).toBe(false)
    }
  })

  it('a client is found in each of its claims, whatever the others say', async () => {
    const { state, another } = await world.nodes()
    await state.revoke({ client: 'app' })
    await revokedBy(another, token())
    for (const name of ['client_id', 'azp', 'cid', 'appid']) {
      expect(another.isRevoked(token({ client_id: 'other', [name]: 'app' })), name).toBe(true)
      expect(another.isRevoked(token({ client_id: undefined, [name]: 'other' })), name).toBe(false)
    }
  })

  it.each(['__proto__', 'constructor', 'toString', 'ü', '\u{1f511}', '{}', ' ', 'a:b', '\0'])(
    '%j is a value like any other',
    async (name) => {
      const { state, another } = await world.nodes()
      await state.revoke({ subject: 'ann' })
      expect(state.isRevoked(token({ sub: name }))).toBe(false)
      await state.revoke({ subject: name })
      expect(state.isRevoked(token({ sub: name }))).toBe(true)
      await revokedBy(another, token({ sub: name }))
    },
  )

  it('a value of the greatest length is revoked, and one that differs at its end is not', async () => {
    const { state, another } = await world.nodes()
    const jti = 'x'.repeat(1_024)
    await state.revoke({ jti })
    await revokedBy(another, token({ jti }))
    expect(another.isRevoked(token({ jti: `${jti.slice(1)}y` }))).toBe(false)
  })

  it('of what two nodes say, both know everything', async () => {
    const { state, another } = await world.nodes()
    await Promise.all([
      ...Array.from({ length: 50 }, (_, i) => state.revoke({ jti: `one-${i}` })),
      ...Array.from({ length: 50 }, (_, i) => another.revoke({ jti: `two-${i}` })),
    ])
    for (const node of [state, another]) {
      for (let i = 0; i < 50; i++) {
        await revokedBy(node, token({ jti: `one-${i}` }))
        await revokedBy(node, token({ jti: `two-${i}` }))
      }
      expect(node.isRevoked(token({ jti: 'one-50' }))).toBe(false)
    }
  })

  it('says where it is kept', async () => {
    const { state } = await world.nodes()
    const { reached, pending } = await state.revoke({ jti: 'token-1' }, { until: now + 60 })
    expect(reached).toHaveLength(1)
    expect(pending).toEqual([])
  })

  describe('of one thing', () => {
    const [earlier, later] = [now - 200, now - 100]
    const orders = [
      [earlier, later],
      [later, earlier],
      [later, later, earlier],
    ]

    it.each(orders.map((befores) => ({ befores })))(
      'come to the latest, in any order: $befores',
      async ({ befores }) => {
        const { state, another } = await world.nodes()
        for (const before of befores) await state.revoke({ subject: 'ann', before })
        await revokedBy(another, token({ iat: later }))
        for (const node of [state, another]) {
          expect(node.isRevoked(token({ iat: later }))).toBe(true)
          expect(node.isRevoked(token({ iat: later + 1 }))).toBe(false)
        }
      },
    )

    it('come to the latest when they come at once, from two nodes', async () => {
      const { state, another } = await world.nodes()
      const befores = Array.from({ length: 100 }, (_, i) => now - ((i * 37) % 100))
      await Promise.all(befores.map((before, i) => (i % 2 ? state : another).revoke({ subject: 'ann', before })))
      for (const node of [state, another]) {
        await revokedBy(node, token({ iat: now }))
        expect(node.isRevoked(token({ iat: now + 1 }))).toBe(false)
      }
    })

    it('by one issuer and by every issuer stand side by side', async () => {
      const every = { subject: 'ann', before: earlier }
      const own = { subject: 'ann', before: later, issuer: ours }
      for (const revocations of [
        [every, own],
        [own, every],
      ]) {
        const { state, another } = await world.nodes()
        for (const revocation of revocations) await state.revoke(revocation)
        await revokedBy(another, token({ iat: later }))
        await revokedBy(another, token({ iat: earlier }, foreign))
        for (const node of [state, another]) {
          expect(node.isRevoked(token({ iat: later }))).toBe(true)
          expect(node.isRevoked(token({ iat: later }, foreign))).toBe(false)
          expect(node.isRevoked(token({ iat: earlier }, foreign))).toBe(true)
        }
      }
    })
  })
}

/** Waits until a node knows: at once where it was told, and as soon as it hears of it elsewhere. */
export async function revokedBy(node: State, of: TokenFacts): Promise<void> {
  await expect.poll(() => node.isRevoked(of), { interval: 5, timeout: 5_000 }).toBe(true)
}
