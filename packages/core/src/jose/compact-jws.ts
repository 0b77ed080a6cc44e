// RFC 7515 §5.2, steps 1 to 7: a compact JWS taken apart, within bounds and by the letter. jose and others decode
// leniently (white space, padding, several spellings of one signature), so this is done before anything else sees the
// token. Nothing is proven here; `signature.ts` proves it.
import { LRUCache } from 'lru-cache'
import { VerificationError } from '../errors.js'
import { decodeBase64Url } from './base64url.js'
import { type JsonObject, parseJsonObject } from './strict-json.js'

/** A JOSE header. Members that this package does not know are ignored unless `crit` names them (RFC 7515 §4). */
export interface JwsHeader {
  readonly alg: string
  readonly kid?: string
  readonly typ?: string
  readonly [member: string]: unknown
}

/** A JWS that parses. Nobody has vouched for a single byte of it. */
export interface UnverifiedJws {
  /** The token as it was presented. */
  readonly token: string
  /** Tokens with the same header text share this object, as long as the decoder remembers it. */
  readonly unverifiedHeader: JwsHeader
  readonly unverifiedPayload: Buffer
  readonly signature: Buffer
  /** Length of what was signed, header and payload as they are written (RFC 7515 §5.2 step 8). */
  readonly signedLength: number
}

/** Default bound of a token in bytes: room for ML-DSA-87 (4.6 kB), and as much as Node reads of all headers by default. */
export const defaultMaxTokenBytes: number = 16_384

const rememberedHeaders = 256
const greatestRememberedHeader = 1_024 // characters
const greatestKid = 1_024 // characters

/** Takes tokens apart. Tokens of one key carry the same header, so each distinct header is parsed once. */
export class CompactJwsDecoder {
  readonly #maxTokenBytes: number
  readonly #headers = new LRUCache<string, JwsHeader>({ max: rememberedHeaders })

  constructor(maxTokenBytes: number = defaultMaxTokenBytes) {
    this.#maxTokenBytes = maxTokenBytes
  }

  /**
   * Judges form alone: not whether `alg`, `typ` or `kid` are acceptable, only that they are what the RFC says they are.
   *
   * @throws VerificationError `token_malformed`
   */
  decode(token: string): UnverifiedJws {
    if (token.length > this.#maxTokenBytes) throw malformed(`the token is longer than ${this.#maxTokenBytes} bytes`)
    const headerEnd = token.indexOf('.')
    const payloadEnd = token.indexOf('.', headerEnd + 1)
    if (headerEnd < 0 || payloadEnd < 0) throw malformed('the token has fewer than three segments')
    if (token.indexOf('.', payloadEnd + 1) >= 0) throw malformed('the token has more than three segments')
    return {
      token,
      unverifiedHeader: this.#header(token.slice(0, headerEnd)),
      unverifiedPayload: decodeSegment(token.slice(headerEnd + 1, payloadEnd)),
      signature: decodeSegment(token.slice(payloadEnd + 1)),
      signedLength: payloadEnd,
    }
  }

  #header(text: string): JwsHeader {
    const known = this.#headers.get(text)
    if (known !== undefined) return known
    const header = parseHeader(decodeSegment(text))
    if (text.length <= greatestRememberedHeader) this.#headers.set(copyOf(text), header)
    return header
  }
}

function decodeSegment(segment: string): Buffer {
  const bytes = decodeBase64Url(segment) // RFC 7515 §2
  if (bytes === undefined) throw malformed('a segment of the token is not canonical base64url')
  return bytes
}

function parseHeader(bytes: Buffer): JwsHeader {
  let header: JsonObject
  try {
    header = parseJsonObject(bytes) // RFC 7515 §4, §5.2 step 3
  } catch (cause) {
    throw malformed('the header is not one strict JSON object', cause)
  }
  const { alg, kid, typ, cty, crit, b64 } = header
  if (typeof alg !== 'string') throw malformed('`alg` of the header is not a string') // RFC 7515 §4.1.1
  if (kid !== undefined && (typeof kid !== 'string' || kid.length > greatestKid)) {
    throw malformed('`kid` of the header is not a string of bounded length') // RFC 7515 §4.1.4
  }
  if (typ !== undefined && typeof typ !== 'string') throw malformed('`typ` of the header is not a string') // §4.1.9
  if (cty !== undefined && typeof cty !== 'string') throw malformed('`cty` of the header is not a string') // §4.1.10
  if (crit !== undefined) throw malformed('`crit` names an extension that is not understood') // §4.1.11: we know none
  if (b64 !== undefined) throw malformed('`b64` must not be used with tokens') // RFC 7797 §7
  return header as JwsHeader
}

/** A slice of a string keeps the whole string alive; a copy keeps itself. */
function copyOf(slice: string): string {
  return Buffer.from(slice, 'latin1').toString('latin1')
}

function malformed(message: string, cause?: unknown): VerificationError {
  return new VerificationError('token_malformed', message, { cause })
}
