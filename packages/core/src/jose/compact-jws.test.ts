import { describe, expect, it } from 'vitest'
import { CompactJwsDecoder, defaultMaxTokenBytes } from './compact-jws.js'

const encode = (part: string | object) =>
  Buffer.from(typeof part === 'string' ? part : JSON.stringify(part)).toString('base64url')

/** A good token, or one whose header says something else. */
const tokenWith = (header: string | object, payload = '{"sub":"ann"}', signature = 'signature') =>
  [header, payload, signature].map(encode).join('.')

const decode = (token: string, maxTokenBytes?: number) => new CompactJwsDecoder(maxTokenBytes).decode(token)

const malformed = expect.objectContaining({ code: 'token_malformed', message: expect.stringMatching(/^[a-z`].*[^.]$/) })

const good = tokenWith({ alg: 'ES256', kid: 'key-1', typ: 'at+jwt' })

describe('RFC 7515 §5.2: a compact JWS is taken apart', () => {
  it('into what its segments say', () => {
    expect(decode(good)).toEqual({
      token: good,
      unverifiedHeader: { alg: 'ES256', kid: 'key-1', typ: 'at+jwt' },
      unverifiedPayload: Buffer.from('{"sub":"ann"}'),
      signature: Buffer.from('signature'),
      signedLength: good.lastIndexOf('.'),
    })
  })

  it('whatever its payload holds, and without a signature too, for both are judged elsewhere', () => {
    expect(decode(tokenWith({ alg: 'ES256' }, '')).unverifiedPayload).toHaveLength(0)
    expect(decode(tokenWith({ alg: 'none' }, 'a', '')).signature).toHaveLength(0)
  })
})

describe('RFC 7515 §7.1: three segments', () => {
  const [header = '', payload = '', signature = ''] = good.split('.')

  it.each([
    ['no segment', ''],
    ['one segment', header],
    ['two segments', `${header}.${payload}`],
    ['four segments', `${good}.`],
    ['four segments with something in them', `${good}.${signature}`],
    ['five segments', `${good}.${signature}.${signature}`],
    ['dots alone', '..'],
    ['an empty header', `.${payload}.${signature}`],
  ])('refuses %s', (_, token) => {
    expect(() => decode(token)).toThrow(malformed)
  })

  it('says whether there are too few or too many', () => {
    const few = expect.objectContaining({ message: expect.stringContaining('fewer') })
    expect(() => decode(`${header}.${payload}`)).toThrow(few)
    expect(() => decode(header)).toThrow(few)
    expect(() => decode(`${good}.`)).toThrow(expect.objectContaining({ message: expect.stringContaining('more') }))
  })

  it.each([0, 1, 2])('refuses segment %i where it is not canonical base64url', (index) => {
    for (const spoil of [(text: string) => `${text}=`, (text: string) => ` ${text}`, () => 'A', () => 'Zh']) {
      const segments = good.split('.')
      segments[index] = spoil(segments[index] ?? '')
      expect(() => decode(segments.join('.'))).toThrow(malformed)
    }
  })
})

describe('bounds', () => {
  /** A token of zero bytes that is well formed at any length. */
  const ofLength = (length: number) => {
    const [header = ''] = good.split('.')
    const signed = (length - header.length) % 4 === 3 ? `${header}.AA.` : `${header}..` // no segment has 4n + 1 characters
    return signed.padEnd(length, 'A')
  }

  it('takes a token of 16,384 bytes and refuses one byte more', () => {
    expect(defaultMaxTokenBytes).toBe(16_384)
    expect(decode(ofLength(16_384)).token).toHaveLength(16_384)
    expect(decode(ofLength(16_385), 16_385).token).toHaveLength(16_385)
    expect(() => decode(ofLength(16_385))).toThrow(malformed)
  })

  it('takes a token as long as the caller allows, and refuses one byte less', () => {
    expect(() => decode(good, good.length)).not.toThrow()
    const tooLong = expect.objectContaining({
      code: 'token_malformed',
      message: expect.stringContaining(`${good.length - 1}`),
    })
    expect(() => decode(good, good.length - 1)).toThrow(tooLong)
  })
})

describe('RFC 7515 §4.1: header parameters', () => {
  it.each(['[]', 'null', '"ES256"', '{', '{"alg":"ES256","alg":"none"}', '\ufeff{"alg":"ES256"}'])(
    'refuses %j in place of a strict JSON object',
    (header) => {
      expect(() => decode(tokenWith(header))).toThrow(malformed)
    },
  )

  it('names the reason of the parser to the operator', () => {
    expect(() => decode(tokenWith('[]'))).toThrow(
      expect.objectContaining({ cause: expect.objectContaining({ name: 'JsonError' }) }),
    )
  })

  it.each([[undefined], [null], [7], [['ES256']], [{}]])('refuses alg %j', (alg) => {
    expect(() => decode(tokenWith({ alg }))).toThrow(malformed)
  })

  it.each(['kid', 'typ', 'cty'])('refuses %s that is no string', (name) => {
    for (const value of [null, 7, true, [], ['a'], {}]) {
      expect(() => decode(tokenWith({ alg: 'ES256', [name]: value }))).toThrow(malformed)
    }
    expect(decode(tokenWith({ alg: 'ES256', [name]: 'a' })).unverifiedHeader).toEqual({ alg: 'ES256', [name]: 'a' })
  })

  it('takes a kid of 1,024 characters and refuses one more', () => {
    expect(() => decode(tokenWith({ alg: 'ES256', kid: 'k'.repeat(1_024) }))).not.toThrow()
    expect(() => decode(tokenWith({ alg: 'ES256', kid: 'k'.repeat(1_025) }))).toThrow(malformed)
  })

  it.each([[['exp']], [['b64']], [[]], [null], [false], ['exp'], [{}]])('refuses crit %j (§4.1.11)', (crit) => {
    expect(() => decode(tokenWith({ alg: 'ES256', crit, exp: 1 }))).toThrow(malformed)
  })

  it.each([[false], [true], [null], ['false']])('refuses b64 %j (RFC 7797 §7)', (b64) => {
    expect(() => decode(tokenWith({ alg: 'ES256', b64 }))).toThrow(malformed)
  })

  it('takes what it does not know (§4)', () => {
    const header = { alg: 'ES256', 'https://example.com/x': [1, { a: null }] }
    expect(decode(tokenWith(header)).unverifiedHeader).toEqual(header)
  })
})

describe('headers that are remembered', () => {
  const isShared = (decoder: CompactJwsDecoder, token: string, between: () => void = () => {}) => {
    const { unverifiedHeader } = decoder.decode(token)
    between()
    return decoder.decode(token).unverifiedHeader === unverifiedHeader
  }

  it('are parsed once and shared, frozen', () => {
    const decoder = new CompactJwsDecoder()
    expect(isShared(decoder, good)).toBe(true)
    expect(decoder.decode(tokenWith({ alg: 'ES256', kid: 'key-1', typ: 'at+jwt' }, 'other')).unverifiedHeader).toBe(
      decoder.decode(good).unverifiedHeader,
    )
    expect(Object.isFrozen(decoder.decode(good).unverifiedHeader)).toBe(true)
  })

  it('are told apart to the last character', () => {
    const decoder = new CompactJwsDecoder()
    decoder.decode(good)
    expect(decoder.decode(tokenWith({ alg: 'ES256', kid: 'key-2', typ: 'at+jwt' })).unverifiedHeader.kid).toBe('key-2')
  })

  it('are at most 1,024 characters long', () => {
    const headerOf = (bytes: number) =>
      JSON.stringify({ alg: 'ES256', pad: '' }).replace('""', `"${'p'.repeat(bytes - 24)}"`)
    expect(encode(headerOf(768))).toHaveLength(1_024)
    expect(isShared(new CompactJwsDecoder(), tokenWith(headerOf(768)))).toBe(true)
    expect(isShared(new CompactJwsDecoder(), tokenWith(headerOf(769)))).toBe(false)
  })

  it('are 256, and the one used longest ago goes first', () => {
    const others = (decoder: CompactJwsDecoder, count: number) => () => {
      for (let index = 0; index < count; index++) decoder.decode(tokenWith({ alg: 'ES256', kid: `other-${index}` }))
    }
    const [roomy, full] = [new CompactJwsDecoder(), new CompactJwsDecoder()]
    expect(isShared(roomy, good, others(roomy, 255))).toBe(true)
    expect(isShared(full, good, others(full, 256))).toBe(false)
  })

  it('are never those of a refused token', () => {
    const decoder = new CompactJwsDecoder()
    for (let time = 0; time < 2; time++)
      expect(() => decoder.decode(tokenWith({ alg: 'ES256', crit: ['x'] }))).toThrow(malformed)
  })
})
