// The limit, and what comes near it: node:crypto on prepared bytes and keys, and the least that a correct check can do on
// top of it.
import { createHmac, timingSafeEqual, verify } from 'node:crypto'
import { algorithms, audience, issuer } from './tokens.js'

/** Whether a signature holds: node:crypto and nothing else. */
function primitive({ name }, keyObject) {
  const { digest, type, parameters } = algorithms[name]
  if (type === undefined) {
    return (input, signature) => timingSafeEqual(createHmac(digest, keyObject).update(input).digest(), signature)
  }
  const key = parameters === undefined ? keyObject : { key: keyObject, ...parameters }
  return (input, signature) => verify(digest, input, key, signature)
}

/** The primitive on tokens that were taken apart before: what every other figure is divided by. */
export function raw(key, keyObject, tokens) {
  const holds = primitive(key, keyObject)
  const parts = tokens.map((token) => {
    const end = token.lastIndexOf('.')
    return { input: Buffer.from(token.slice(0, end)), signature: Buffer.from(token.slice(end + 1), 'base64url') }
  })
  return (i) => holds(parts[i].input, parts[i].signature)
}

/** Signature, `iss`, `aud`, `exp`, and a header that is compared with the one expected. For orientation: it is no product. */
export function byHand(key, keyObject) {
  const holds = primitive(key, keyObject)
  const headers = new Set()
  return (token) => {
    const [first, last] = [token.indexOf('.'), token.lastIndexOf('.')]
    const header = token.slice(0, first)
    if (!headers.has(header)) {
      const { alg, kid, crit } = JSON.parse(Buffer.from(header, 'base64url'))
      if (alg !== key.alg || kid !== key.kid || crit !== undefined) return undefined
      headers.add(header)
    }
    const signature = Buffer.from(token.slice(last + 1), 'base64url')
    if (!holds(Buffer.from(token.slice(0, last), 'latin1'), signature)) return undefined
    const claims = JSON.parse(Buffer.from(token.slice(first + 1, last), 'base64url').toString())
    const { iss, aud, exp } = claims
    const isForUs = Array.isArray(aud) ? aud.includes(audience) : aud === audience
    return iss === issuer && isForUs && exp > Date.now() / 1_000 ? claims : undefined
  }
}
