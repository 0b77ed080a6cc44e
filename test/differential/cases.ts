// Tokens to disagree about: good ones, and good ones spoiled in one place, by text or by content. Content is spoiled before
// it is signed, so that nothing but the spoiled place speaks against the token.
import { claims, createMacSigner, createPrivate, createSigner, encode, now, type Signer } from '../fixtures/signer.js'
import { changedClaims, changedHeaders, json, type Members, textMutations, wholeJson } from './mutations.js'
import type { Random } from './random.js'

/** A token, and how it came to be. */
export interface Case {
  readonly algorithm: string
  readonly mutation: string
  readonly token: string
}

type TokenSigner = Pick<Signer, 'algorithm' | 'signSegments' | 'token'>

const runsMlDsa = Number.parseInt(process.versions.node, 10) >= 24
const rsaKey = createPrivate('RS256')
const ed25519Key = createPrivate('Ed25519')
export const secret: Buffer = Buffer.from(Array.from({ length: 64 }, (_, index) => index * 3))

/** Who signs. The key `marked` says `alg`, the others leave it to their type. */
export const signers: readonly Signer[] = [
  ...['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512'].map((algorithm) => createSigner(algorithm, rsaKey, 'rsa')),
  ...['ES256', 'ES384', 'ES512'].map((algorithm) => createSigner(algorithm, undefined, algorithm)),
  ...['EdDSA', 'Ed25519'].map((algorithm) => createSigner(algorithm, ed25519Key, 'ed25519')),
  markedWithItsName(createSigner('Ed25519', undefined, 'marked')),
  ...(runsMlDsa ? ['ML-DSA-44', 'ML-DSA-65', 'ML-DSA-87'] : []).map((algorithm) =>
    createSigner(algorithm, undefined, algorithm),
  ),
]
export const macSigners: readonly TokenSigner[] = ['HS256', 'HS384', 'HS512'].map((algorithm) =>
  createMacSigner(algorithm, secret),
)

/** The key set of the issuer, every key once. */
export const publicJwks: readonly object[] = [
  ...new Map(signers.map(({ publicJwk }) => [publicJwk['kid'], publicJwk])).values(),
]

function markedWithItsName(signer: Signer): Signer {
  return { ...signer, publicJwk: { ...signer.publicJwk, alg: signer.algorithm } }
}

/** Good tokens of many lengths, by signer, so that spoiling their text needs no new signature. */
const goodTokens = new Map<TokenSigner, readonly string[]>(
  [...signers, ...macSigners].map((signer) => [
    signer,
    Array.from({ length: 6 }, (_, index) => signer.token({ pad: 'h'.repeat(index) }, { jti: 'j'.repeat(index + 1) })),
  ]),
)

const kinds = [
  'good',
  'good',
  'text',
  'text',
  'text',
  'header',
  'header',
  'claims',
  'claims',
  'claims',
  'json',
  'json',
  'name',
] as const

/** Makes the next case. */
export function createCase(random: Random): Case {
  const signer = random.pick(random.below(6) === 0 ? macSigners : signers)
  const { algorithm } = signer
  const good = goodTokens.get(signer) as readonly string[]
  switch (random.pick(kinds)) {
    case 'good':
      return { algorithm, mutation: 'none', token: random.pick(good) }
    case 'text': {
      const [mutation, change] = random.pick(Object.entries(textMutations))
      return {
        algorithm,
        mutation,
        token: change(random.pick(good), random, random.pick(random.pick([...goodTokens.values()]))),
      }
    }
    case 'header': {
      const [mutation, change] = random.pick(Object.entries(changedHeaders))
      const changed = change(random, publicJwks)
      return {
        algorithm,
        mutation: `header: ${mutation}`,
        token: sign(signer, json({ ...headerOf(signer), ...changed }), json(goodClaims)),
      }
    }
    case 'claims': {
      const [mutation, change] = random.pick(Object.entries(changedClaims))
      return {
        algorithm,
        mutation: `claims: ${mutation}`,
        token: sign(signer, json(headerOf(signer)), json({ ...goodClaims, ...change(random) })),
      }
    }
    case 'name': {
      const ed25519 = random.pick(signers.filter((each) => each.algorithm.startsWith('Ed')))
      const kid = random.pick([headerOf(ed25519)['kid'], undefined])
      const header = { ...headerOf(ed25519), alg: random.pick(['"EdDSA"', '"Ed25519"']), kid }
      const mutation = 'header: the other name of Ed25519'
      return { algorithm: ed25519.algorithm, mutation, token: sign(ed25519, json(header), json(goodClaims)) }
    }
    case 'json': {
      const [mutation, change] = random.pick(Object.entries(wholeJson))
      const [header, payload] = [json(headerOf(signer)), json(goodClaims)]
      const inHeader = random.below(2) === 0
      const token = inHeader
        ? sign(signer, change(header, random), payload)
        : sign(signer, header, change(payload, random))
      return { algorithm, mutation: `${inHeader ? 'header' : 'claims'}: ${mutation}`, token }
    }
  }
}

const sign = (signer: TokenSigner, header: string | Buffer, payload: string | Buffer) =>
  signer.signSegments(encode(header), encode(payload))

const texts = (members: object): Members =>
  Object.fromEntries(Object.entries(members).map(([name, value]) => [name, JSON.stringify(value)]))

const goodClaims = texts({ ...claims, iat: now - 10 })

function headerOf(signer: TokenSigner): Members {
  const [segment = ''] = goodTokens.get(signer)?.[0]?.split('.') ?? []
  return texts(JSON.parse(Buffer.from(segment, 'base64url').toString()) as object)
}
