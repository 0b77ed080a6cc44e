// Which way a token goes: one that has the shape of a JWT is judged by its signature, whoever has issued it; any other is a
// question to the one issuer that answers questions. A JWT of another issuer is never shown to that one.
import { looksEncrypted } from '../jose/nested-jwe.js'

/**
 * Whether a token says nothing by itself.
 *
 * A JWS begins with a JSON object and a dot (RFC 7515 §3.1); so does a JWE, of five segments (RFC 7516 §3.1). What is cut off or
 * malformed behind that is refused as the JWT that it wants to be.
 *
 * @param decrypts - whether encrypted tokens are opened here; where they are not, they are as opaque as any
 */
export function isOpaque(token: string, decrypts: boolean): boolean {
  const headerEnd = token.indexOf('.')
  if (headerEnd < 0 || !isJsonObject(token.slice(0, headerEnd))) return true
  return !decrypts && looksEncrypted(token)
}

function isJsonObject(segment: string): boolean {
  return Buffer.from(segment, 'base64url').toString('latin1').trimStart().startsWith('{')
}
