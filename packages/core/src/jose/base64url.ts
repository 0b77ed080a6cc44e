// Base64url as JOSE means it (RFC 7515 §2): no padding, no white space, and only the canonical spelling, in which the
// unused bits of the last character are zero. With a second spelling, one signature would be several tokens, and a
// revocation list or a cache keyed by the token could be walked round.

/** Decodes canonical base64url; `undefined` for anything else. */
export function decodeBase64Url(text: string): Buffer | undefined {
  const bytes = Buffer.from(text, 'base64url') // lenient: skips what it does not know, so what it read is written again
  return bytes.toString('base64url') === text ? bytes : undefined
}
