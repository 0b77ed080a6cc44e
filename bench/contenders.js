// Who is measured: one function each, which sets the library up as its documentation says and answers `verify(token)`, or
// nothing where the library does not speak the algorithm. All do the same job: signature, `iss`, `aud`, `exp`.
import { createPublicKey, createSecretKey } from 'node:crypto'
import { createVerifier } from '@sallyport/core'
import { JwtVerifier } from 'aws-jwt-verify'
import fastJwt from 'fast-jwt'
import { createLocalJWKSet, importJWK, jwtVerify } from 'jose'
import jsonwebtoken from 'jsonwebtoken'
import { byHand } from './by-hand.js'
import { audience, issuer } from './tokens.js'

const bytes = ({ secret }) => Buffer.from(secret, 'base64url')
const keyObject = (key) => (key.secret === undefined ? createPublicKey(key.publicPem) : createSecretKey(bytes(key)))

export function sallyport(key, settings) {
  const source = key.secret === undefined ? { jwks: { keys: [key.jwk] } } : { secret: bytes(key) }
  return createVerifier({ issuer, audience, algorithms: [key.alg], ...source, ...settings })
}

/** Shown every token twice before, it has all of them in its cache. */
async function sallyportThatRemembers(key, tokens) {
  const verifier = sallyport(key, {})
  for (const token of [...tokens, ...tokens]) await verifier.verifyToken(token)
  if (tokens.some((token) => verifier.recall(token) === undefined)) throw new Error('a token is not remembered')
  return verifier
}

function jose(alg, key) {
  const options = { issuer, audience, algorithms: [alg] }
  return (token) => jwtVerify(token, key, options)
}

export function fastJwtWith(alg, key, cache) {
  return fastJwt.createVerifier({ key, cache, algorithms: [alg], allowedIss: issuer, allowedAud: audience })
}

function jsonWebToken(alg, key) {
  const options = { issuer, audience, algorithms: [alg] }
  return (token) => jsonwebtoken.verify(token, key, options)
}

export const contenders = {
  'Sallyport, cold, cache off': (key) => {
    const verifier = sallyport(key, { tokenCacheBytes: 0 })
    return (token) => verifier.verifyToken(token)
  },
  'Sallyport, cold, cache on (always a miss)': (key) => {
    const verifier = sallyport(key, { tokenCacheBytes: 65_536 }) // a fraction of the tokens: each is gone when it returns
    return (token) => verifier.verifyToken(token)
  },
  'Sallyport, remembered, `verifyToken`': async (key, tokens) => {
    const verifier = await sallyportThatRemembers(key, tokens)
    return (token) => verifier.verifyToken(token)
  },
  'Sallyport, remembered, `recall`': async (key, tokens) => {
    const verifier = await sallyportThatRemembers(key, tokens)
    return (token) => verifier.recall(token)
  },
  'jose, CryptoKey': async (key) => {
    const jwk = key.jwk ?? { kty: 'oct', k: key.secret }
    const imported = await importJWK(jwk, key.alg)
    const cryptoKey = imported instanceof Uint8Array ? await hmacKey(imported) : imported
    return jose(key.alg, cryptoKey)
  },
  'jose, KeyObject': (key) => jose(key.alg, keyObject(key)),
  'jose, local key set': ({ alg, jwk }) => jwk && jose(alg, createLocalJWKSet({ keys: [jwk] })),
  'fast-jwt, static key': (key) => fastJwtWith(key.alg, key.publicPem ?? bytes(key), false),
  'fast-jwt, cache, always a hit': (key) => fastJwtWith(key.alg, key.publicPem ?? bytes(key), 10_000),
  'fast-jwt, cache, always a miss': (key) => fastJwtWith(key.alg, key.publicPem ?? bytes(key), 100),
  'fast-jwt, key function': (key) => fastJwtWith(key.alg, async () => key.publicPem ?? bytes(key), false),
  'jsonwebtoken, KeyObject': (key) => (key.alg === 'EdDSA' ? undefined : jsonWebToken(key.alg, keyObject(key))),
  'jsonwebtoken, PEM': ({ alg, publicPem }) =>
    publicPem === undefined || alg === 'EdDSA' ? undefined : jsonWebToken(alg, publicPem),
  'aws-jwt-verify, `verifySync`': ({ alg, jwk }) => {
    if (jwk === undefined || alg === 'PS256') return undefined
    const verifier = JwtVerifier.create({ issuer, audience, jwksUri: `${issuer}jwks` })
    verifier.cacheJwks({ keys: [jwk] })
    return (token) => verifier.verifySync(token)
  },
  'written by hand': (key) => byHand(key, keyObject(key)),
}

function hmacKey(secret) {
  return crypto.subtle.importKey('raw', secret, { name: 'HMAC', hash: 'SHA-256' }, false, ['verify'])
}
