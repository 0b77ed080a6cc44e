// Keys, and tokens as a busy API sees them: about 1 KB, 14 claims, each one different. Made with node:crypto alone, by none
// of the libraries that are measured.
import { constants, createHmac, createPublicKey, generateKeyPairSync, randomBytes, randomUUID, sign } from 'node:crypto'
import { promisify } from 'node:util'

export const issuer = 'https://issuer.example.com/'
export const audience = 'https://api.example.com'

const signAsync = promisify(sign)
const pss = { padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: 32 }
const encoding = {
  publicKeyEncoding: { type: 'spki', format: 'pem' },
  privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
}

/** What is measured, by the name in the tables; `alg` is the name in the tokens, `parameters` what node:crypto needs. */
export const algorithms = {
  HS256: { alg: 'HS256', digest: 'sha256' },
  RS256: { alg: 'RS256', digest: 'sha256', type: 'rsa', key: { modulusLength: 2048 } },
  PS256: { alg: 'PS256', digest: 'sha256', type: 'rsa', key: { modulusLength: 2048 }, parameters: pss },
  ES256: {
    alg: 'ES256',
    digest: 'sha256',
    type: 'ec',
    key: { namedCurve: 'P-256' },
    parameters: { dsaEncoding: 'ieee-p1363' },
  },
  Ed25519: { alg: 'EdDSA', digest: null, type: 'ed25519', key: {} },
}

/** A key, as text: PEM and JWK, or a secret in base64url. On Node 20 a key must not be exported from where it was made. */
export function makeKey(name) {
  const { alg, type, key } = algorithms[name]
  const kid = `bench-${randomBytes(6).toString('hex')}`
  if (type === undefined) return { name, alg, kid, secret: randomBytes(32).toString('base64url') }
  const { publicKey: publicPem, privateKey: privatePem } = generateKeyPairSync(type, { ...key, ...encoding })
  const jwk = { ...createPublicKey(publicPem).export({ format: 'jwk' }), kid, alg, use: 'sig' }
  return { name, alg, kid, publicPem, privatePem, jwk }
}

export async function makeTokens(key, count) {
  const tokens = []
  for (let i = 0; i < count; i += 64) {
    const batch = Array.from({ length: Math.min(64, count - i) }, () => makeToken(key))
    tokens.push(...(await Promise.all(batch)))
  }
  return tokens
}

/** One token each that must be refused, and for the rest is like the others. */
export async function makeBadTokens(key) {
  const [header, payload, signature] = (await makeToken(key)).split('.')
  const claims = JSON.parse(Buffer.from(payload, 'base64url'))
  const anotherCharacter = signature[10] === 'A' ? 'B' : 'A'
  return {
    'with an altered signature': `${header}.${payload}.${signature.slice(0, 10)}${anotherCharacter}${signature.slice(11)}`,
    'with altered claims': `${header}.${encode({ ...claims, sub: 'auth0|administrator' })}.${signature}`,
    'of another issuer': await makeToken(key, { iss: 'https://issuer.example.org/' }),
    'for another audience': await makeToken(key, { aud: ['https://other.example.com'] }),
    'that has expired': await makeToken(key, { exp: claims.iat + 15 }),
  }
}

async function makeToken(key, claims = {}) {
  const signingInput = `${encode({ alg: key.alg, typ: 'at+jwt', kid: key.kid })}.${encode({ ...someClaims(), ...claims })}`
  const signature = await signatureOf(key, Buffer.from(signingInput))
  return `${signingInput}.${signature.toString('base64url')}`
}

function signatureOf({ name, secret, privatePem }, input) {
  const { digest, parameters } = algorithms[name]
  if (secret !== undefined) return createHmac(digest, Buffer.from(secret, 'base64url')).update(input).digest()
  return signAsync(digest, input, { key: privatePem, ...parameters })
}

/** Long enough that a token signed with RS256 has 1,015 characters. */
function someClaims() {
  const now = Math.floor(Date.now() / 1_000)
  return {
    iss: issuer,
    sub: `auth0|${randomBytes(12).toString('hex')}`,
    aud: [audience, `${issuer}userinfo`],
    client_id: 'Zk3fS9qL0vXbT7uYcR2mN8wP',
    iat: now - 60,
    nbf: now - 60,
    exp: now + 86_400,
    jti: randomUUID(),
    auth_time: now - 90,
    scope: 'openid profile orders:read orders:write',
    roles: ['customer', 'beta'],
    tenant: `acme-${randomBytes(2).toString('hex')}`,
    sid: randomBytes(12).toString('hex'),
    ver: 2,
  }
}

function encode(value) {
  return Buffer.from(JSON.stringify(value)).toString('base64url')
}
