import type { TokenFacts } from '@sallyport/core'
import { type JudgedRevocation, judgeRevocation } from '@sallyport/core/state'
import { describe, expect, it, vi } from 'vitest'
import { KeyRing } from '../sealing/key-ring.js'
import { endless, everyIssuer, kinds } from './revocation-entry.js'
import { RevocationIds } from './token-ids.js'

const secret = Buffer.alloc(32, 1)
const issuer = 'https://idp.example.com'
const everyKind = 2 ** kinds.length - 1

function ring(namespace = 'default', key = secret): KeyRing {
  return new KeyRing([key], namespace)
}

const good: JudgedRevocation = {
  kind: 'subject',
  value: 'user-7',
  issuer: undefined,
  before: 1_800_000_000,
  until: 1_900_000_000,
}

const claims = { jti: 'a', sid: 'b', sub: 'c', client_id: 'd', azp: 'e' }

function token(issuedClaims: Record<string, unknown> = claims, keyId: string | undefined = 'k'): TokenFacts {
  return { issuedClaims, issuer, keyId, scopes: [], scopesAreKnown: true, roles: [], rolesAreKnown: true }
}

/** Its names as they stand in entries, by kind. */
function namesOf(ids: RevocationIds, facts: TokenFacts, wanted = everyKind): string[] {
  const { names } = ids.idsOf(facts, wanted)
  const found = []
  for (let i = 0; i < names.length; i += 3)
    found.push(`${kinds[names[i] as number]} ${(names[i + 1] as number) >>> 0} ${(names[i + 2] as number) >>> 0}`)
  return found.sort()
}

function nameOf(ids: RevocationIds, kind: JudgedRevocation['kind'], value: string): string {
  const { high, low } = ids.entryOf({ ...good, kind, value })
  return `${kind} ${high} ${low}`
}

describe('the entry of a revocation', () => {
  const entryOf = (changes: Partial<JudgedRevocation>) => new RevocationIds(ring()).entryOf({ ...good, ...changes })

  it('has 64 bits of the digest for its name, and 29 for its issuer', () => {
    const id = ring().digest('rv', 'subject', 'user-7')
    const number = ring().digest('rv', 'issuer number', issuer).readUInt32BE(0) >>> 3
    expect(entryOf({ issuer })).toEqual({
      kind: 'subject',
      high: id.readUInt32BE(0),
      low: id.readUInt32BE(4),
      issuer: number,
      cutOff: 1_800_000_001,
      until: 1_900_000_000,
    })
    expect(number).toBeLessThan(2 ** 29)
    expect(entryOf({}).issuer).toBe(everyIssuer)
  })

  it('never takes an issuer for every issuer', () => {
    const zeros = ring()
    vi.spyOn(zeros, 'digest').mockReturnValue(Buffer.alloc(32))
    expect(new RevocationIds(zeros).entryOf({ ...good, issuer }).issuer).not.toBe(everyIssuer)
  })

  it.each([
    [1_800_000_000, 1_800_000_001],
    [1_800_000_000.25, 1_800_000_002],
    [2_147_483_647.0000002, 2_147_483_649],
    [0, 1],
    [-0.5, 1],
    [-1, 0],
    [-1.5, 0],
    [-1e9, 0],
    [endless - 2, endless - 1],
    [endless - 1, endless],
    [endless, endless],
    [253_402_300_799, endless],
    [Number.POSITIVE_INFINITY, endless],
  ])('denies up to %d at least: the cut-off is %d', (before, cutOff) => {
    expect(entryOf({ before }).cutOff).toBe(cutOff)
  })

  it.each([
    [1_900_000_000, 1_900_000_000],
    [1_900_000_000.25, 1_900_000_001],
    [-5, 0],
    [endless, endless],
    [endless + 1, endless],
    [Number.POSITIVE_INFINITY, endless],
  ])('is remembered up to %d at least: the end is %d', (until, end) => {
    expect(entryOf({ until }).until).toBe(end)
  })

  it('is another one for another kind, value, issuer, namespace and secret', () => {
    const all = [
      entryOf({ issuer }),
      entryOf({ issuer, kind: 'client' }),
      entryOf({ issuer, value: 'user-8' }),
      new RevocationIds(ring('other')).entryOf({ ...good, issuer }),
      new RevocationIds(ring('default', Buffer.alloc(32, 2))).entryOf({ ...good, issuer }),
    ]
    expect(new Set(all.map(({ high, low }) => `${high} ${low}`)).size).toBe(all.length)
    expect(entryOf({ issuer: `${issuer}/` }).issuer).not.toBe(entryOf({ issuer }).issuer)
  })

  it('of an issuer is not taken for the number of another', () => {
    const ids = new RevocationIds(ring())
    const number = ids.idsOf(token(), 0).issuer
    expect(nameOf(ids, 'issuer', `number ${issuer}`)).toBe(
      nameOf(new RevocationIds(ring()), 'issuer', `number ${issuer}`),
    )
    expect(ids.idsOf({ ...token(), issuer: `number ${issuer}` }, 0).issuer).not.toBe(number)
  })

  it('is that of a revocation as it was judged', () => {
    const ids = new RevocationIds(ring())
    expect(ids.entryOf(judgeRevocation({ jti: 'a' }, undefined, 1_800_000_000))).toMatchObject({
      kind: 'jti',
      issuer: everyIssuer,
      cutOff: endless,
      until: endless,
    })
    expect(ids.entryOf(judgeRevocation({ issuer }, { until: 10 }, 1_800_000_000))).toMatchObject({
      kind: 'issuer',
      issuer: everyIssuer,
      cutOff: 1_800_000_001,
      until: 10,
    })
  })
})

describe('the ids of a token', () => {
  it('are those of the revocations that mean it', () => {
    const ids = new RevocationIds(ring())
    const names = [
      nameOf(ids, 'jti', 'a'),
      nameOf(ids, 'session', 'b'),
      nameOf(ids, 'subject', 'c'),
      nameOf(ids, 'client', 'd'),
      nameOf(ids, 'client', 'e'),
      nameOf(ids, 'keyId', 'k'),
      nameOf(ids, 'issuer', issuer),
    ]
    expect(namesOf(ids, token())).toEqual(names.sort())
    expect(ids.idsOf(token(), everyKind).issuer).toBe(ids.entryOf({ ...good, issuer }).issuer)
  })

  it('leave out what the token does not say, and what is no string', () => {
    const ids = new RevocationIds(ring())
    const facts = { ...token({ jti: 7, sid: null, sub: ['c'], azp: { a: 1 } }), keyId: undefined }
    expect(namesOf(ids, facts)).toEqual([nameOf(ids, 'issuer', issuer)])
  })

  it('have a client once that has two claims', () => {
    const ids = new RevocationIds(ring())
    const client = 1 << kinds.indexOf('client')
    expect(namesOf(ids, token({ client_id: 'd', azp: 'd' }), client)).toEqual([nameOf(ids, 'client', 'd')])
    expect(namesOf(ids, token({ client_id: 'd', azp: 'e' }), client)).toHaveLength(2)
  })

  it('are made for the kinds that are wanted, and once', () => {
    const own = ring()
    const digest = vi.spyOn(own, 'digest')
    const ids = new RevocationIds(own)
    const [jti, subject] = [1 << kinds.indexOf('jti'), 1 << kinds.indexOf('subject')]
    const first = ids.idsOf(token(), jti)
    expect(first.names).toHaveLength(3)
    expect(digest.mock.calls).toEqual([
      ['rv', 'jti', 'a'],
      ['rv', 'issuer number', issuer],
    ])
    digest.mockClear()
    const second = ids.idsOf(token(), jti | subject, first)
    expect(second).toMatchObject({ kinds: jti | subject, issuer: first.issuer })
    expect(second.names).toEqual([...first.names, ...ids.idsOf(token(), subject).names])
    expect(digest.mock.calls[0]).toEqual(['rv', 'subject', 'c'])
    expect(digest.mock.calls.filter(([, field]) => field === 'jti')).toEqual([])
  })

  it('are made once for what tokens share, and again when that was too much to remember', () => {
    const own = ring()
    const digest = vi.spyOn(own, 'digest')
    const ids = new RevocationIds(own)
    const shared = everyKind & ~7 & ~(1 << kinds.indexOf('subject'))
    ids.idsOf(token(), shared)
    const { length } = digest.mock.calls
    ids.idsOf(token(), shared)
    expect(digest.mock.calls).toHaveLength(length)
    for (let i = 0; i < 1_000; i++) ids.idsOf(token({ client_id: `client ${i}` }), shared)
    digest.mockClear()
    ids.idsOf(token(), shared)
    expect(digest).toHaveBeenCalled()
  })
})
