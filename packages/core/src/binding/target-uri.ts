// RFC 9449 §4.3 check 9: the URI that a proof was made for, in one spelling (RFC 3986 §6.2.2, §6.2.3), so that two spellings
// of one URI are one, and two resources are never.

/**
 * An http or https URI without query and fragment, normalised: case of scheme and host, default port, dot segments, an empty
 * path, and what need not be percent-encoded.
 *
 * @returns `undefined` for what is no such URI, and for one with white space, a backslash or credentials
 */
export function normalizeTargetUri(text: string): string | undefined {
  if (/[^\x21-\x5b\x5d-\x7e]/.test(text) || !/^https?:\/\/[^/]/i.test(text) || !URL.canParse(text)) return undefined
  const url = new URL(text)
  if (url.username !== '' || url.password !== '') return undefined
  return `${url.protocol}//${url.host}${withoutNeedlessEscapes(url.pathname)}`
}

const unreserved = /^[A-Za-z0-9\-._~]$/ // RFC 3986 §2.3

function withoutNeedlessEscapes(path: string): string {
  return path.replace(/%[0-9a-f]{2}/gi, (text) => {
    const character = String.fromCharCode(Number.parseInt(text.slice(1), 16))
    return unreserved.test(character) ? character : text.toUpperCase()
  })
}
