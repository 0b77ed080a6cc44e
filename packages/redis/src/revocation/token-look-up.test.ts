import { createMemoryState, type Revocation, type TokenFacts } from '@sallyport/core'
import { judgeRevocation } from '@sallyport/core/state'
import fc from 'fast-check'
import { describe, expect, it, vi } from 'vitest'
import { KeyRing } from '../sealing/key-ring.js'
import { RevocationTable } from './revocation-table.js'
import { RevocationIds } from './token-ids.js'
import { TokenLookUp } from './token-look-up.js'

const now = 1_800_000_000
const issuer = 'https://idp.example.com'

function token(changes: Partial<TokenFacts> = {}): TokenFacts {
  const issuedClaims = { iat: now, jti: 'a', sid: 'b', sub: 'c', client_id: 'd', azp: 'e', cid: 'f', appid: 'g' }
  const facts = { scopes: [], scopesAreKnown: true, roles: [], rolesAreKnown: true }
  return { issuedClaims, issuer, keyId: 'k', ...facts, ...changes }
}

/** A table with everything around it. */
class Node {
  readonly table: RevocationTable
  readonly ids = new RevocationIds(new KeyRing([Buffer.alloc(32, 1)], 'default'))
  readonly #lookUp: TokenLookUp

  constructor(memory: 'exact' | 'filter' = 'exact') {
    this.table = new RevocationTable({ memory, maxEntries: 1_000 })
    this.#lookUp = new TokenLookUp(this.table, this.ids)
  }

  revoke(revocation: Revocation, options?: { readonly until: number }): void {
    this.table.put(this.ids.entryOf(judgeRevocation(revocation, options, now)))
  }

  isRevoked(facts: TokenFacts): boolean {
    return this.#lookUp.isRevoked(facts)
  }
}

describe.each(['exact', 'filter'] as const)('a look-up, %s', (memory) => {
  it.each<[Revocation, Revocation]>([
    [{ jti: 'a' }, { jti: 'A' }],
    [{ session: 'b' }, { session: 'a' }],
    [{ subject: 'c' }, { subject: 'b' }],
    [{ client: 'd' }, { client: 'c' }],
    [{ client: 'e' }, { client: 'k' }],
    [{ client: 'f' }, { client: 'ff' }],
    [{ client: 'g' }, { client: 'h' }],
    [{ keyId: 'k' }, { keyId: 'a' }],
    [{ issuer }, { issuer: `${issuer}/` }],
    [
      { jti: 'a', issuer },
      { jti: 'a', issuer: `${issuer}/` },
    ],
    [
      { session: 'b', issuer },
      { session: 'b', issuer: 'https://other.example' },
    ],
    [
      { subject: 'c', before: now },
      { subject: 'c', before: now - 1 },
    ],
  ])('finds what %j means, and not what %j does', (revocation, neighbour) => {
    const node = new Node(memory)
    const facts = token()
    expect(node.isRevoked(facts)).toBe(false)
    node.revoke(neighbour)
    expect(node.isRevoked(facts)).toBe(false)
    node.revoke(revocation)
    expect(node.isRevoked(facts)).toBe(true)
    expect(node.isRevoked(facts)).toBe(true)
    expect(node.isRevoked(token())).toBe(true)
  })

  it('finds a token that was clean before, whichever kind of revocation comes next', () => {
    const revocations: Revocation[] = [
      { issuer: 'https://other.example' },
      { keyId: 'other' },
      { client: 'other' },
      { subject: 'other' },
      { session: 'other' },
    ]
    const node = new Node(memory)
    const facts = token()
    for (const revocation of revocations) {
      node.revoke(revocation)
      expect(node.isRevoked(facts)).toBe(false)
    }
    node.revoke({ jti: 'a' })
    expect(node.isRevoked(facts)).toBe(true)
  })
})

describe('a look-up', () => {
  it('makes no ids while nothing was ever revoked', () => {
    const node = new Node()
    const idsOf = vi.spyOn(node.ids, 'idsOf')
    expect(node.isRevoked(token())).toBe(false)
    expect(idsOf).not.toHaveBeenCalled()
  })

  it('asks the table once for a clean token, and again after a revocation', () => {
    const node = new Node()
    const facts = token()
    const asked = vi.spyOn(node.table, 'mayBeRevoked')
    node.revoke({ jti: 'other' })
    for (let i = 0; i < 3; i++) node.isRevoked(facts)
    expect(asked).toHaveBeenCalledTimes(1)
    node.revoke({ jti: 'other' }) // says no more than what is known
    node.isRevoked(facts)
    expect(asked).toHaveBeenCalledTimes(1)
    node.revoke({ jti: 'another' })
    for (let i = 0; i < 3; i++) node.isRevoked(facts)
    expect(asked).toHaveBeenCalledTimes(2)
  })

  it('makes the ids of a token once', () => {
    const node = new Node()
    const facts = token()
    const idsOf = vi.spyOn(node.ids, 'idsOf')
    for (const jti of ['x', 'y', 'z']) {
      node.revoke({ jti })
      node.isRevoked(facts)
    }
    expect(idsOf).toHaveBeenCalledTimes(1)
    node.revoke({ subject: 'x' })
    node.isRevoked(facts)
    expect(idsOf).toHaveBeenCalledTimes(2)
  })

  it('never takes a revoked token for a clean one, nor keeps one revoked that was revoked up to a moment and is forgotten', () => {
    const node = new Node()
    const facts = token()
    node.revoke({ subject: 'c' }, { until: 100 })
    expect(node.isRevoked(facts)).toBe(true)
    expect(node.isRevoked(facts)).toBe(true)
    while (!node.table.forgetPast(101, 1_000));
    expect(node.isRevoked(facts)).toBe(false)
    node.revoke({ subject: 'c' })
    expect(node.isRevoked(facts)).toBe(true)
  })

  it.each([
    [now - 1, true],
    [now, true],
    [now + 0.5, false],
    [now + 1, false],
    [undefined, true],
    ['1800000001', true],
  ])('with a cut-off now, takes a token that says to be issued at %j for revoked: %j', (iat, isRevoked) => {
    const node = new Node()
    node.revoke({ subject: 'c', before: now })
    expect(node.isRevoked(token({ issuedClaims: { sub: 'c', iat } }))).toBe(isRevoked)
  })
})

describe('what a token is found to be', () => {
  const name = fc.constantFrom('a', 'b', 'c', 'd', issuer)
  const of = fc.option(fc.constantFrom(issuer, 'https://other.example', 'a'), { nil: undefined })
  const time = fc.integer({ min: now - 2, max: now + 2 })
  const named = (kind: string) =>
    fc.record({ name, of }).map((each) => ({ [kind]: each.name, ...(each.of && { issuer: each.of }) }) as never)
  const timed = (kind: string) =>
    fc
      .record({ name, of, before: time })
      .map((each) => ({ [kind]: each.name, before: each.before, ...(each.of && { issuer: each.of }) }) as never)
  const revocation: fc.Arbitrary<Revocation> = fc.oneof(
    ...['jti', 'session', 'keyId'].map(named),
    ...['subject', 'client'].map(timed),
    fc.record({ issuer: name, before: time }),
  )
  const maybe = fc.option(fc.oneof(name, fc.constant(7)), { nil: undefined })
  const facts = fc.record({
    issuer: fc.constantFrom(issuer, 'https://other.example', 'a'),
    keyId: fc.option(name, { nil: undefined }),
    issuedClaims: fc.record({
      iat: fc.option(fc.oneof(time, fc.constantFrom(now + 0.5, -1, 1e300)), { nil: undefined }),
      jti: maybe,
      sid: maybe,
      sub: maybe,
      client_id: maybe,
      azp: maybe,
      cid: maybe,
      appid: maybe,
    }),
  })
  const step = fc.oneof(fc.record({ revocation }), fc.record({ asked: fc.nat(4) }))

  it('is what the state in memory finds it to be', async () => {
    const property = fc.asyncProperty(
      fc.array(facts, { minLength: 5, maxLength: 5 }),
      fc.array(step, { maxLength: 40 }),
      async (tokens, steps) => {
        const [node, state] = [new Node(), createMemoryState()]
        const known = tokens.map((each) => token(each))
        const agree = (each: TokenFacts) => expect(node.isRevoked(each)).toBe(state.isRevoked(each))
        for (const each of steps) {
          if ('asked' in each) agree(known[each.asked] as TokenFacts)
          else {
            node.revoke(each.revocation)
            await state.revoke(each.revocation)
          }
        }
        for (const each of known) agree(each)
      },
    )
    await fc.assert(property, { seed: 5, numRuns: 100 })
  })
})
