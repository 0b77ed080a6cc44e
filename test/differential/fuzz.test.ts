// Whatever comes, it is refused with a code: nothing that a stranger writes makes the verifier throw anything else, or
// makes it slow.
import { VerificationError } from '@sallyport/core'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { claims, createSigner, encode, verifierFor } from '../fixtures/signer.js'
import { seed } from './random.js'

const signer = createSigner('Ed25519')
const verifier = verifierFor(signer)
const goodHeader = { alg: 'Ed25519', kid: 'key-1', typ: 'at+jwt' }

const runs = { numRuns: 2_000, seed }

/** Throws what is not a refusal. */
async function judge(token: string): Promise<void> {
  try {
    await verifier.verifyToken(token)
  } catch (error) {
    if (!(error instanceof VerificationError)) throw error
  }
}

async function judgeEverywhere(token: string): Promise<void> {
  await judge(token)
  const request = { headers: { authorization: `Bearer ${token}` } }
  const { allowed } = await verifier.verify(request)
  expect((await verifier.explain(request)).allowed).toBe(allowed)
}

/** Objects with the names that matter, and with any values under them. */
const members = (...names: readonly string[]) =>
  fc.dictionary(fc.oneof(fc.constantFrom(...names), fc.string()), fc.jsonValue({ maxDepth: 3 }), { maxKeys: 6 })
const headers = members('alg', 'kid', 'typ', 'cty', 'crit', 'b64', 'jku', 'jwk', 'x5c', 'iss', 'aud', '__proto__')
const claimsSets = members(
  'iss',
  'sub',
  'aud',
  'exp',
  'nbf',
  'iat',
  'jti',
  'client_id',
  'azp',
  'scope',
  'scp',
  'roles',
  'cnf',
  '__proto__',
)

const texts = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 300 }),
  fc.string({ unit: 'grapheme', maxLength: 300 }),
  fc.string({ unit: fc.constantFrom(...'ABYZabyz0189-_.=. \n{}"'), maxLength: 300 }),
  fc.uint8Array({ maxLength: 300 }).map((bytes) => Buffer.from(bytes).toString('latin1')),
)
const segments = fc
  .oneof(fc.uint8Array({ maxLength: 60 }), fc.json(), headers, claimsSets)
  .map((part) => encode(part as string))

describe(`any input, seed ${seed}`, { timeout: 60_000 }, () => {
  it('that is text is judged, or refused with a code', async () => {
    await fc.assert(fc.asyncProperty(texts, judgeEverywhere), runs)
  })

  it('that looks like a token is judged, or refused with a code', async () => {
    const tokens = fc.array(segments, { minLength: 1, maxLength: 6 }).map((some) => some.join('.'))
    await fc.assert(fc.asyncProperty(tokens, judgeEverywhere), runs)
  })

  it('that the issuer has signed is judged, or refused with a code', async () => {
    const signed = fc
      .tuple(headers, claimsSets, fc.boolean())
      .map(([header, payload, isGood]) => signer.token(isGood ? { ...header, ...goodHeader } : header, payload))
    await fc.assert(fc.asyncProperty(signed, judgeEverywhere), runs)
  })

  it('that the issuer has signed as raw bytes is judged, or refused with a code', async () => {
    const raw = fc.oneof(fc.uint8Array({ maxLength: 200 }), fc.json(), fc.constant(JSON.stringify(claims)))
    const signed = fc.tuple(raw, raw).map(([header, payload]) => signer.token(header, payload))
    const headed = raw.map((payload) => signer.token({}, payload))
    await fc.assert(fc.asyncProperty(fc.oneof(signed, headed), judge), runs)
  })

  it('that is no text is refused with a code', async () => {
    await fc.assert(
      fc.asyncProperty(fc.anything({ withBigInt: true, withDate: true, withNullPrototype: true }), async (input) => {
        if (typeof input !== 'string')
          await expect(verifier.verifyToken(input as string)).rejects.toBeInstanceOf(VerificationError)
      }),
      runs,
    )
  })
})

describe('an input of 16 KiB', () => {
  const long = 16_384
  const fill = (text: string) => text.repeat(Math.ceil(long / text.length)).slice(0, long)
  const inJson = (text: string) => text.slice(0, 12_000)

  const unsigned = [
    'A',
    '.',
    'A.',
    '=',
    'A=',
    ' ',
    ' A',
    '\t',
    '-',
    '_',
    '~',
    '+/',
    '{',
    '"',
    '\\',
    '%',
    '\0',
    'é',
    '\ud800',
    'Bearer ',
    'eyJ',
    'e30.',
  ]
  const contents: Readonly<Record<string, string>> = {
    arrays: `{"a":${'['.repeat(6_000)}${']'.repeat(6_000)}}`,
    objects: `${'{"a":'.repeat(2_000)}1${'}'.repeat(2_000)}`,
    'arrays without an end': '['.repeat(12_000),
    colons: `{"a":"${':'.repeat(11_000)}"}`,
    backslashes: `{"a":"${'\\\\'.repeat(5_500)}"}`,
    quotes: `{"a":"${'\\"'.repeat(5_500)}"}`,
    'a string without an end': `{"a":"${'\\'.repeat(11_000)}`,
    members: `{${Array.from({ length: 1_900 }, (_, index) => `"${index.toString(36)}":0`).join()}}`,
    'one member again and again': `{${'"a":0,'.repeat(1_900)}"a":0}`,
    'a number': `{"exp":${'9'.repeat(11_000)}}`,
    'a fraction': `{"exp":0.${'0'.repeat(11_000)}1}`,
    'white space': `${' '.repeat(11_990)}{}`,
  }
  const values: Readonly<Record<string, unknown>> = {
    aud: Array.from({ length: 3_000 }, () => 'a'),
    scope: inJson(fill('a ')),
    scp: inJson(fill(' ')),
    roles: Array.from({ length: 2_500 }, (_, index) => index.toString(36)),
    sub: inJson(fill('a')),
    iss: inJson(fill('https://')),
  }

  /** In seconds of the processor: far above what it takes, and far below what a bad regular expression takes. */
  async function isQuick(token: string): Promise<void> {
    const start = process.cpuUsage()
    await judgeEverywhere(token)
    const { user, system } = process.cpuUsage(start)
    expect((user + system) / 1e6).toBeLessThan(1)
  }

  it.each(unsigned)('of %j is refused at once', async (text) => {
    for (const token of [fill(text), `${encode(goodHeader)}.${fill(text)}`, `${fill(text)}!`, ` ${fill(text)}`])
      await isQuick(token)
  })

  it.each(Object.keys(contents))('of %s, signed, is judged at once', async (name) => {
    await isQuick(signer.token({}, contents[name]))
    await isQuick(signer.token(contents[name]))
  })

  it.each(Object.keys(values))('of %s, signed, is judged at once', async (name) => {
    await isQuick(signer.token({}, { [name]: values[name] }))
    await isQuick(signer.token({ [name]: values[name] }))
  })

  it.each(['typ', 'cty', 'kid', 'alg'])('of %s in a header, signed, is judged at once', async (name) => {
    for (const text of ['application/', 'a/', ' ', 'at+jwt;', 'A'])
      await isQuick(signer.token({ [name]: inJson(fill(text)) }))
  })
})
