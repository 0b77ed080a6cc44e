// The grammar of `x-forwarded-client-cert`, in which Envoys pass on whose certificates they saw ("HTTP header manipulation" in
// Envoy's documentation): elements with commas between them, pairs with semicolons, `Key=Value`. All of a header is understood,
// or none of it. Which elements may be believed is judged elsewhere: the last was written by the nearest proxy, and what stands
// before is whatever came in there.
import { VerificationError } from '../errors.js'
import { certificateThumbprint, hexThumbprintToBase64Url } from '../jose/certificate.js'
import { greatestHeaderLength, readEscapedCertificates } from './escaped-certificate.js'

/** One element: what one proxy saw of its client. */
export interface ForwardedClientCert {
  /** `By`: the URIs of the certificate of the proxy itself. */
  readonly by: readonly string[]
  /** `Hash`: the SHA-256 of the client's certificate, in base64url as `x5t#S256` has it (RFC 8705 §3.1). */
  readonly hash: string | undefined
  /** `Cert`: the client's certificate, as DER. It fits `hash`. */
  readonly cert: Uint8Array | undefined
  /** `Chain`: the client's certificate and those that came with it, as DER. The first fits `hash` and `cert`. */
  readonly chain: readonly Uint8Array[] | undefined
  /** `Subject`: a distinguished name as text, for people to read; empty where the certificate has none. */
  readonly subject: string | undefined
  /** `URI`: the URIs of the client's certificate. */
  readonly uris: readonly string[]
  /** `DNS`: the host names of the client's certificate. */
  readonly dnsNames: readonly string[]
}

type Draft = { -readonly [Key in keyof ForwardedClientCert]: ForwardedClientCert[Key] } & {
  readonly by: string[]
  readonly uris: string[]
  readonly dnsNames: string[]
}

const greatestElements = 32

// Values are printable ASCII. One that stands alone has no space, and none of `"`, `,`, `;` and `=`.
const pair =
  /(?<key>[A-Za-z]+)=(?:"(?<quoted>[ !#-[\]-~]*(?:\\[ -~][ !#-[\]-~]*)*)"|(?<plain>[!#-+\--:<>-~]*))(?<next>;|[ \t]*,[ \t]*|$)/

/**
 * Reads the header, from left to right.
 *
 * @throws VerificationError `binding_mismatch` for anything that is not the grammar, for a key that is not known or is there
 *   twice and may not be, for an element whose hash, certificate and chain are not of one certificate, and beyond 65,536
 *   characters or 32 elements
 */
export function parseForwardedClientCert(value: string): readonly ForwardedClientCert[] {
  if (value.length > greatestHeaderLength) throw mismatch('is too long')
  const elements: Draft[] = []
  const pairs = new RegExp(pair, 'y')
  let next = ','
  while (next !== '') {
    const { key, quoted, plain, next: separator } = pairs.exec(value)?.groups ?? {}
    if (key === undefined || separator === undefined) throw mismatch('is not in its grammar')
    if (next !== ';') elements.push({ ...nothing, by: [], uris: [], dnsNames: [] })
    if (elements.length > greatestElements) throw mismatch('has too many elements')
    addPair(elements.at(-1) as Draft, key.toLowerCase(), plain ?? unquote(quoted), plain === undefined)
    next = separator
  }
  elements.forEach(requireOneCertificate)
  return elements
}

const nothing = { hash: undefined, cert: undefined, chain: undefined, subject: undefined } as const

function addPair(element: Draft, key: string, value: string, isQuoted: boolean): void {
  if (key === 'subject' && isQuoted) element.subject = once(element.subject, value)
  else if (key === 'uri' && value === '')
    return // Envoy writes it where the certificate has none
  else if (value === '') throw mismatch('has a key without a value')
  else if (key === 'by') element.by.push(value)
  else if (key === 'uri') element.uris.push(value)
  else if (key === 'dns') element.dnsNames.push(value)
  else if (key === 'hash') element.hash = once(element.hash, hexThumbprintToBase64Url(value))
  else if (key === 'cert') element.cert = once(element.cert, onlyOf(readEscapedCertificates(value)))
  else if (key === 'chain') element.chain = once(element.chain, readEscapedCertificates(value))
  else throw mismatch('has a key that is not known, or a `Subject` without quotes')
}

function once<Value>(before: Value | undefined, value: Value | undefined): Value {
  if (before !== undefined) throw mismatch('says something twice that it may say once')
  if (value === undefined) throw mismatch('holds a hash or a certificate that is none')
  return value
}

function onlyOf<Value>(values: readonly Value[] | undefined): Value | undefined {
  return values?.length === 1 ? values[0] : undefined
}

/**
 * A quote within a value has a backslash before it. Whether a backslash has one too is not said by Envoy, whose names do
 * (RFC 2253 §2.4), so a value that ends with one could go on behind the quote: it is refused, and there is one reading of all others.
 */
function unquote(quoted = ''): string {
  if (quoted.endsWith('\\')) throw mismatch('has a value that ends with a backslash')
  return quoted.replaceAll('\\"', '"')
}

/** What an element says of a certificate, it says of one. */
function requireOneCertificate({ hash, cert, chain }: ForwardedClientCert): void {
  const stated = [cert, chain?.[0]].filter((der) => der !== undefined).map(certificateThumbprint)
  if (new Set(hash === undefined ? stated : [hash, ...stated]).size > 1)
    throw mismatch('speaks of two certificates at once')
}

function mismatch(reason: string): VerificationError {
  return new VerificationError('binding_mismatch', `the header \`x-forwarded-client-cert\` ${reason}`)
}
