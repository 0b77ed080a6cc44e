// What can be wrong with a token, each thing by its name. Values are JSON texts, because not every value that a token can
// hold comes out of `JSON.stringify`.
import { audience, issuer, now } from '../fixtures/signer.js'
import type { Random } from './random.js'

/** Members of an object, each with its value as JSON text; `undefined` takes one away. */
export type Members = Readonly<Record<string, string | undefined>>

/** The JSON text of an object. */
export function json(members: Members): string {
  const present = Object.entries(members).filter(([, value]) => value !== undefined)
  return `{${present.map(([name, value]) => `${JSON.stringify(name)}:${value}`).join()}}`
}

const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'

const inSegment = (token: string, random: Random, change: (segment: string) => string): string => {
  const segments = token.split('.')
  const index = random.below(segments.length)
  return segments.with(index, change(segments[index] ?? '')).join('.')
}

const insert = (text: string, random: Random, what: string): string => {
  const place = random.below(text.length + 1)
  return text.slice(0, place) + what + text.slice(place)
}

const replaceOne = (text: string, random: Random, by: string): string => {
  const place = random.below(text.length)
  return text.slice(0, place) + by + text.slice(place + 1)
}

type TextMutation = (token: string, random: Random, other: string) => string

/** Changes of the text of a good token; `other` is a good token too. */
export const textMutations: Readonly<Record<string, TextMutation>> = {
  'a bit flipped': (token, random) =>
    inSegment(token, random, (segment) => {
      const bytes = Buffer.from(segment, 'base64url')
      const place = random.below(bytes.length)
      bytes[place] = (bytes[place] as number) ^ (1 << random.below(8))
      return bytes.toString('base64url')
    }),
  'another character': (token, random) => replaceOne(token, random, random.pick([...alphabet])),
  'another character at the end of a segment': (token, random) =>
    inSegment(token, random, (segment) => segment.slice(0, -1) + random.pick([...alphabet])),
  'a character that is none of base64url': (token, random) =>
    replaceOne(token, random, random.pick([...'+/=~!$ \n\0é€'])),
  'white space': (token, random) =>
    insert(token, random, random.pick([' ', '\n', '\r\n', '\t', '\f', '\u00a0', '\ufeff'])),
  padding: (token, random) => inSegment(token, random, (segment) => segment + random.pick(['=', '==', '==='])),
  'padding to a multiple of four': (token, random) =>
    inSegment(token, random, (segment) => segment.padEnd(Math.ceil(segment.length / 4) * 4, '=')),
  'the alphabet of base64': (token) => token.replaceAll('-', '+').replaceAll('_', '/'),
  'swapped segments': (token, random) => {
    const segments = token.split('.')
    const [first, second] = random.pick([
      [0, 1],
      [1, 2],
      [0, 2],
    ] as const)
    return segments
      .with(first, segments[second] ?? '')
      .with(second, segments[first] ?? '')
      .join('.')
  },
  'a segment of another token': (token, random, other) => {
    const index = random.below(3)
    return token
      .split('.')
      .with(index, other.split('.')[index] ?? '')
      .join('.')
  },
  'a segment gone': (token, random) => token.split('.').toSpliced(random.below(3), 1).join('.'),
  'a segment empty': (token, random) => inSegment(token, random, () => ''),
  'a segment more': (token, random) =>
    token
      .split('.')
      .toSpliced(random.below(4), 0, random.pick(['', 'AAAA']))
      .join('.'),
  'a dot more': (token, random) => insert(token, random, '.'),
  'cut at the end': (token, random) => token.slice(0, -1 - random.below(token.length - 1)),
  'cut at the start': (token, random) => token.slice(1 + random.below(token.length - 1)),
  'a byte more': (token, random) =>
    inSegment(token, random, (segment) =>
      Buffer.concat([Buffer.from(segment, 'base64url'), random.bytes(1)]).toString('base64url'),
    ),
  doubled: (token, random) => token + random.pick(['', '.', ',', ' ']) + token,
  'a signature of chance': (token, random) => {
    const [header = '', payload = '', signature = ''] = token.split('.')
    const { length } = Buffer.from(signature, 'base64url')
    return [header, payload, random.pick([random.bytes(length), Buffer.alloc(length)]).toString('base64url')].join('.')
  },
  'of another kind of letter': (token, random) => {
    const place = random.below(token.length)
    const character = token[place] ?? ''
    const other = character === character.toLowerCase() ? character.toUpperCase() : character.toLowerCase()
    return token.slice(0, place) + other + token.slice(place + 1)
  },
}

const odd = ['null', 'true', '[]', '{}', '""', '7', '"text"', '["text"]']
const algorithms = [
  'RS256',
  'PS256',
  'ES256',
  'ES384',
  'EdDSA',
  'Ed25519',
  'HS256',
  'HS512',
  'none',
  'NONE',
  'es256',
  'ML-DSA-44',
  'ES256K',
]
const types = [
  'at+jwt',
  'AT+JWT',
  'application/at+jwt',
  'APPLICATION/at+JWT',
  'JWT',
  'at+jwt;x=1',
  'x/at+jwt',
  'dpop+jwt',
  '',
  ' at+jwt',
]

const texts = (...values: readonly unknown[]): readonly string[] => values.map((value) => JSON.stringify(value))
const one =
  (name: string, values: readonly (string | undefined)[]) =>
  (random: Random): Members => ({ [name]: random.pick(values) })

/** Changes of the header. */
export const changedHeaders: Readonly<Record<string, (random: Random, keys: readonly object[]) => Members>> = {
  alg: one('alg', [...texts(...algorithms), ...odd, undefined]),
  typ: one('typ', [...texts(...types), ...odd, undefined]),
  kid: one('kid', [
    ...texts('rsa', 'ES256', 'ed25519', 'marked', 'RSA', 'unknown', '__proto__', 'k'.repeat(1_025)),
    ...odd,
    undefined,
  ]),
  crit: (random) => ({
    b64: random.pick([undefined, 'true']),
    ext: '1',
    crit: random.pick([...texts(['b64'], ['ext'], ['exp'], []), ...odd]),
  }),
  b64: one('b64', ['true', 'false', 'null', '"false"']),
  cty: one('cty', [...texts('JWT', 'jwt', 'application/jwt', 'json'), ...odd]),
  'a key of its own': (random, keys) =>
    random.pick<Members>([
      { jku: '"https://127.0.0.1:1/jwks"' },
      { x5u: '"https://127.0.0.1:1/x5u"' },
      { x5c: '["AAAA"]' },
      { jwk: JSON.stringify(random.pick(keys)) },
    ]),
  'claims replicated': (random) => ({
    [random.pick(['iss', 'sub', 'aud'])]: random.pick([...texts(issuer, audience, 'ann', [audience]), ...odd]),
  }),
  'something unknown': (random) => ({ [random.pick(['x', 'zip', 'x5t', 'nonce', 'ppt'])]: random.pick(odd) }),
}

/** Seconds about now, where the bounds are, and numbers that are no seconds. */
const dates = [
  ...[-700, -631, -630, -629, -601, -600, -31, -30, -29, -1, 0, 1, 29, 30, 31, 299, 300, 301, 86_400].flatMap(
    (offset) => [String(now + offset), String(now + offset + 0.5)],
  ),
  ...[
    '0',
    '-1',
    '1e999',
    '-1e999',
    '1e300',
    '253402300799',
    '253402300800',
    '-253402300800',
    '1767225900000',
    '"1767225900"',
  ],
  ...odd,
]
const audiences = [
  audience,
  `${audience}/`,
  audience.toUpperCase(),
  '',
  'other',
  [audience],
  ['other', audience],
  ['other'],
  [],
  [audience, 7],
  [null, audience],
  [[audience]],
]
const issuers = [issuer, `${issuer}/`, issuer.toUpperCase(), 'https://other.example', '', [issuer]]

/** Changes of the claims. */
export const changedClaims: Readonly<Record<string, (random: Random) => Members>> = {
  exp: one('exp', [...dates, undefined]),
  nbf: one('nbf', dates),
  iat: one('iat', [...dates, undefined]),
  'all dates': (random) => ({ exp: random.pick(dates), nbf: random.pick(dates), iat: random.pick(dates) }),
  'an age that is just too great': (random) => ({
    iat: random.pick([-631, -630, -629].map((offset) => String(now + offset))),
  }),
  'iat after exp': (random) => ({ iat: String(now - random.below(20)), exp: String(now - random.below(31)) }),
  iss: one('iss', [...texts(...issuers), ...odd, undefined]),
  aud: one('aud', [...texts(...audiences), ...odd, undefined]),
  sub: one('sub', [...texts('bob', '__proto__'), ...odd, undefined]),
  jti: one('jti', [...texts('bob'), ...odd, undefined]),
  'a required claim': one('client_id', [...texts('app'), ...odd, undefined]),
  act: one('act', [...texts({ sub: 'app' }), ...odd]),
  authorization_details: one('authorization_details', [...texts([{ type: 'payment' }], [{}]), ...odd]),
  cnf: one('cnf', [...texts({ jkt: 'AAAA' }, { 'x5t#S256': 'AAAA' }), ...odd]),
  'something unknown': (random) => ({
    [random.pick(['scope', 'roles', 'acts', 'https://example.com/x', '__proto__'])]: random.pick(odd),
  }),
  depth: (random) => {
    const levels = random.pick([5, 31, 32, 200])
    return { nested: '['.repeat(levels) + ']'.repeat(levels) }
  },
  members: (random) => ({
    many: json(
      Object.fromEntries(
        Array.from({ length: random.pick([100, 1_994, 2_100]) }, (_, index) => [index.toString(36), '0']),
      ),
    ),
  }),
  length: (random) => ({ pad: JSON.stringify('p'.repeat(random.pick([1_000, 11_000, 12_000, 20_000]))) }),
}

/** Changes of a whole JSON text, header or claims set. */
export const wholeJson: Readonly<Record<string, (text: string, random: Random) => string | Buffer>> = {
  'a member twice': (text, random) => {
    const members = Object.entries(JSON.parse(text) as Readonly<Record<string, unknown>>)
    const [name, value] = random.pick(members)
    const written = random.pick([
      JSON.stringify(name),
      `"\\u${name.charCodeAt(0).toString(16).padStart(4, '0')}${name.slice(1)}"`,
    ])
    return random.pick([
      `${text.slice(0, -1)},${written}:${JSON.stringify(value)}}`,
      `{${written}:${JSON.stringify(value)},${text.slice(1)}`,
    ])
  },
  'a member twice, deeper': (text) => `${text.slice(0, -1)},"o":{"a":1,"a":2}}`,
  'a name in two objects': (text) => `${text.slice(0, -1)},"o":{"a":1},"l":[{"a":1},{"a":":"}]}`,
  'a byte order mark': (text) => `\ufeff${text}`,
  'white space': (text, random) => random.pick([` ${text}`, `${text}\n`, text.replace(':', ' :\t')]),
  'text before or after': (text, random) =>
    random.pick([`${text}x`, `x${text}`, `${text}${text}`, `${text}\0`, `\u00a0${text}`]),
  'no object': (_, random) => random.pick(['', 'null', '[]', '"text"', '1', 'true', '[{}]', '{', 'undefined']),
  'bytes that are no UTF-8': (text, random) => {
    const broken = random.pick([[0xff], [0xc3, 0x28], [0xed, 0xa0, 0x80], [0xc0, 0xaf]])
    return Buffer.concat([Buffer.from(`${text.slice(0, -1)},"x":"`), Buffer.from(broken), Buffer.from('"}')])
  },
  'UTF-16': (text) => Buffer.from(text, 'utf16le'),
  'a bit flipped': (text, random) => {
    const bytes = Buffer.from(text)
    const place = random.below(bytes.length)
    bytes[place] = (bytes[place] as number) ^ (1 << random.below(8))
    return bytes
  },
  cut: (text, random) => text.slice(0, random.below(text.length)),
}
