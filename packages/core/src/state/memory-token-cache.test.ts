import { createHash } from 'node:crypto'
import { beforeEach, describe, expect, it } from 'vitest'
import type { AccessToken } from '../decision.js'
import { CompactJwsDecoder, type UnverifiedJws } from '../jose/compact-jws.js'
import { importPublicKey, type VerificationKey } from '../jose/jwk.js'
import type { VerifiedJws } from '../jose/signature.js'
import { JwkSet } from '../keys/jwk-set.js'
import { createTestKey } from '../testing.js'
import { MemoryTokenCache, type TokenFacts } from './memory-token-cache.js'

const now = 1_767_225_600
const key = importPublicKey({ ...(await createTestKey('ES256', 'k')).publicJwk })
const otherKey = importPublicKey({ ...(await createTestKey('ES256', 'k')).publicJwk })
const keySet = new JwkSet([key])
const decoder = new CompactJwsDecoder()
const header = Buffer.from('{"alg":"ES256","kid":"k"}').toString('base64url')

const sha512 = (text: string): Uint8Array => createHash('sha512').update(text).digest()

/** The cache does not verify: any payload and signature will do for it. */
function jws(payload = '{"sub":"ann"}', signature: string | Uint8Array = sha512(payload)): VerifiedJws {
  const parts = [header, Buffer.from(payload).toString('base64url'), Buffer.from(signature).toString('base64url')]
  return decoder.decode(parts.join('.')) as UnverifiedJws as VerifiedJws
}

function facts(changed: Partial<TokenFacts> = {}): TokenFacts {
  return { accessToken, validity: { notBefore: now - 30, notAfter: now + 330 }, keySet, ...changed }
}

const accessToken = Object.freeze({ subject: 'ann' }) as unknown as AccessToken<unknown>

let cache = new MemoryTokenCache(100_000)
beforeEach(() => {
  cache = new MemoryTokenCache(100_000)
})

function rememberTwice(token: VerifiedJws, about = facts(), by: VerificationKey = key): void {
  cache.remember(token, by, about)
  cache.remember(token, by, about)
}

describe('a token seen once', () => {
  it('is remembered as proven by its key, without its facts', () => {
    cache.remember(jws(), key, facts())
    expect(cache.proves(jws(), key)).toBe(true)
    expect(cache.recall(jws().token, now)).toBeUndefined()
  })

  it('is proven by no other key, not even one of the same id', () => {
    cache.remember(jws(), key, facts())
    expect(cache.proves(jws(), otherKey)).toBe(false)
  })

  it('proves nothing about another payload, signature or header', () => {
    cache.remember(jws('{"sub":"ann"}', 'signature'), key, facts())
    expect(cache.proves(jws('{"sub":"bob"}', 'signature'), key)).toBe(false)
    expect(cache.proves(jws('{"sub":"ann"}', 'Signature'), key)).toBe(false)
    const otherHeader = { ...jws('{"sub":"ann"}', 'signature'), unverifiedHeader: { alg: 'ES256', kid: 'k' } }
    expect(cache.proves(otherHeader, key)).toBe(false)
  })

  it.each([1, 2])('knows a token to the last byte after %i sights', (sights) => {
    const decode = (token: string) => decoder.decode(token)
    const [, payload = '', signature = ''] = jws().token.split('.')
    const otherHeader = Buffer.from('{"alg":"ES256","kid":"other"}').toString('base64url')
    for (let sight = 0; sight < sights; sight++) cache.remember(jws(), key, facts())
    expect(cache.knows(jws().token, decode)).toBe(true)
    expect(cache.knows([otherHeader, payload, signature].join('.'), decode)).toBe(false)
    expect(cache.knows([header, header, signature].join('.'), decode)).toBe(false)
    expect(cache.knows(jws('{"sub":"bob"}').token, decode)).toBe(false)
  })

  it('proves nothing about the same bytes parted elsewhere', () => {
    const spaces = '   ' // three bytes are four characters of base64url: the tail of the token stays as it was
    cache.remember(jws(`{}${spaces}`, 'signature'), key, facts())
    expect(cache.proves(jws('{}', `${spaces}signature`), key)).toBe(false)
  })
})

describe('a token seen twice', () => {
  it('is recalled with its facts', () => {
    rememberTwice(jws())
    expect(cache.recall(jws().token, now)).toBe(accessToken)
    expect(cache.proves(jws(), key)).toBe(true)
    expect(cache.proves(jws(), otherKey)).toBe(false)
  })

  it('is recalled in a string of its own, as it comes from a socket', () => {
    rememberTwice(jws())
    expect(cache.recall(Buffer.from(jws().token).toString('latin1'), now)).toBe(accessToken)
  })

  it('is recalled as long as it is valid, and not a second longer', () => {
    rememberTwice(jws())
    expect(cache.recall(jws().token, now + 329)).toBe(accessToken)
    expect(cache.recall(jws().token, now + 330)).toBeUndefined()
    expect(cache.recall(jws().token, now - 30)).toBe(accessToken)
    expect(cache.recall(jws().token, now - 31)).toBeUndefined()
  })

  it('is not recalled once its key is out of force', () => {
    rememberTwice(jws(), facts({ keySet: new JwkSet([otherKey]) }))
    expect(cache.recall(jws().token, now)).toBeUndefined()
  })

  it('asks the key set about this very moment', () => {
    const untilNow = { holds: (_: VerificationKey, at: number) => at <= now }
    rememberTwice(jws(), facts({ keySet: untilNow }))
    expect(cache.recall(jws().token, now)).toBe(accessToken)
    expect(cache.recall(jws().token, now + 1)).toBeUndefined()
  })

  it('is seen for the first time when another key proves it', () => {
    cache.remember(jws(), key, facts())
    cache.remember(jws(), otherKey, facts())
    expect(cache.recall(jws().token, now)).toBeUndefined()
  })

  it('is not recalled by a clock that answers no number', () => {
    rememberTwice(jws())
    expect(cache.recall(jws().token, Number.NaN)).toBeUndefined()
  })
})

describe('a token that is almost the same', () => {
  it('is not recalled, whichever of its characters differs', () => {
    const { token } = jws()
    rememberTwice(jws())
    for (let i = 0; i < token.length; i++) {
      const other = token[i] === 'A' ? 'B' : 'A'
      expect(cache.recall(token.slice(0, i) + other + token.slice(i + 1), now), `character ${i}`).toBeUndefined()
    }
    expect(cache.recall(`${token}A`, now)).toBeUndefined()
    expect(cache.recall(token.slice(0, -1), now)).toBeUndefined()
    expect(cache.recall(token.slice(-12), now)).toBeUndefined()
    expect(cache.recall('', now)).toBeUndefined()
    expect(cache.recall(token, now)).toBe(accessToken)
  })

  it('is told apart where the tails of both come to one number, and takes the place of the other', () => {
    const [one, other] = ['Aa', 'BB'].map((pair) => jws('{}', Buffer.from(`${'x'.repeat(80)}${pair}AA`, 'base64url')))
    const [first, second] = [one as VerifiedJws, other as VerifiedJws]
    rememberTwice(first)
    expect(cache.recall(second.token, now)).toBeUndefined()
    expect(cache.proves(second, key)).toBe(false)
    rememberTwice(second, facts({ accessToken: Object.freeze({ ...accessToken }) }))
    expect(cache.recall(first.token, now)).toBeUndefined()
    expect(cache.recall(second.token, now)).not.toBe(accessToken)
  })
})

describe('the bound in bytes', () => {
  const many = Array.from({ length: 200 }, (_, i) => jws(JSON.stringify({ sub: `user-${i}` })))

  it('holds: the least recently used goes first', () => {
    cache = new MemoryTokenCache(10_000)
    for (const token of many) rememberTwice(token)
    const kept = many.filter(({ token }) => cache.recall(token, now) !== undefined)
    expect(kept.map(many.indexOf, many)).toEqual(kept.map((_, i) => many.length - kept.length + i))
    const least = (many[0]?.token.length ?? 0) + 300 // the text of a token, and what an entry takes beside it
    expect(kept.length).toBeGreaterThan(0)
    expect(kept.length * least).toBeLessThanOrEqual(10_000)
  })

  it('counts tokens seen once by what they weigh', () => {
    cache = new MemoryTokenCache(10_000)
    for (const token of many) cache.remember(token, key, facts())
    const kept = many.filter((token) => cache.proves(token, key))
    expect(kept.map(many.indexOf, many)).toEqual(kept.map((_, i) => many.length - kept.length + i))
    expect(kept.length).toBeGreaterThan(10)
    expect(kept.length * (64 + 300)).toBeLessThanOrEqual(10_000)
  })

  it('keeps what is asked for again and again', () => {
    cache = new MemoryTokenCache(10_000)
    const [favourite, ...others] = many as [VerifiedJws, ...VerifiedJws[]]
    rememberTwice(favourite)
    for (const token of others) {
      rememberTwice(token)
      expect(cache.recall(favourite.token, now)).toBe(accessToken)
    }
  })

  it('does not keep a token that alone is larger', () => {
    cache = new MemoryTokenCache(1_000)
    const large = jws(JSON.stringify({ sub: 'x'.repeat(2_000) }))
    rememberTwice(large)
    expect(cache.recall(large.token, now)).toBeUndefined()
    expect(cache.proves(large, key)).toBe(false)
  })
})
