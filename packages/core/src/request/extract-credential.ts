// RFC 6750 §2, RFC 9449 §7.1: one request carries exactly one credential. The `Authorization` header is read by default; every other
// place is opt-in, and a token in two places is an error, also when one of them is a place we would not read from.
// What the token says is not looked at here.
import { VerificationError } from '../errors.js'
import { headerValues, type VerifiableRequest } from './verifiable-request.js'

/**
 * Where a token may come from.
 *
 * - `'authorization'`: `Authorization: Bearer <token>` (RFC 6750 §2.1), the default; `DPoP <token>` (RFC 9449 §7.1) where an
 *   issuer speaks of proofs.
 * - `{ cookie }`: the cookie of this name. Browsers send cookies by themselves: keep it `SameSite` and guard writes
 *   against cross-site requests.
 * - `{ header }`: a header that holds nothing but the token.
 * - `{ webSocketProtocol }`: the `Sec-WebSocket-Protocol` item after this name, as in
 *   `new WebSocket(url, ['access_token', token])`. The server must answer with the name alone.
 * - `{ dangerouslyAllowQuery }`: the query parameter of this name. URLs end up in logs, histories and `Referer` lines;
 *   RFC 9700 §4.3.2 says not to.
 * - a function: any other place. It answers the bare token, or `undefined` where there is none.
 */
export type CredentialSource =
  | 'authorization'
  | { readonly cookie: string }
  | { readonly header: string }
  | { readonly webSocketProtocol: string }
  | { readonly dangerouslyAllowQuery: string }
  | ((request: VerifiableRequest) => string | undefined)

/** The schemes of `Authorization` that are spoken here. */
export type Scheme = 'bearer' | 'dpop'

/** The one token of a request; nothing about it is proven. */
export interface Credential {
  readonly unverifiedToken: string
  /** Under which it came: `'bearer'` from everywhere but `Authorization: DPoP`. */
  readonly scheme: Scheme
}

/** Where a verifier reads credentials. */
export interface CredentialPlaces {
  readonly sources: readonly CredentialSource[]
  /** Whether `Authorization: DPoP` is read where `'authorization'` is. */
  readonly speaksDpop: boolean
}

const token68 = /^[A-Za-z0-9\-._~+/]+=*$/ // RFC 9110 §11.2
const plainScheme = 'Bearer ' // how everybody writes it
const spoken = /^(bearer|dpop)(?: +(.*))?$/is // RFC 6750 §2.1, RFC 9449 §7.1; case-insensitive by RFC 9110 §11.1

/**
 * Finds the credential of a request, in the form of a bearer token.
 *
 * @returns `undefined` where the request carries none at all.
 * @throws VerificationError `credential_missing` (a scheme we do not speak), `credential_malformed`, `credential_ambiguous`
 */
export function extractCredential(request: VerifiableRequest, places: CredentialPlaces): Credential | undefined {
  const credential = findCredential(request, places)
  if (credential !== undefined) requireToken68(credential.unverifiedToken)
  return credential
}

/**
 * As {@link extractCredential}, but leaves the form of the token to {@link requireToken68}, for whoever may know the token
 * to the last byte: that question looks at every character.
 *
 * @throws VerificationError `credential_missing`, `credential_malformed`, `credential_ambiguous`
 */
export function findCredential(request: VerifiableRequest, places: CredentialPlaces): Credential | undefined {
  const { sources, speaksDpop } = places
  let credential: Credential | undefined
  for (const source of sources) {
    if (source === 'authorization') {
      const found = authorizationCredential(request, speaksDpop)
      if (found !== undefined && credential !== undefined) throw ambiguous()
      credential = found ?? credential
      continue
    }
    for (const unverifiedToken of tokensFrom(request, source)) {
      if (credential !== undefined) throw ambiguous()
      credential = { unverifiedToken, scheme: 'bearer' }
    }
  }
  if (credential !== undefined && carriesTokenElsewhere(request, sources)) throw ambiguous()
  return credential
}

/** The schemes that a request speaks, known ones in the order of its lines: what a challenge answers to (RFC 9449 §7.2). */
export function presentedSchemes(request: VerifiableRequest): readonly Scheme[] {
  const schemes = headerValues(request, 'authorization').map((line) => spoken.exec(line)?.[1]?.toLowerCase())
  return [...new Set(schemes.filter((scheme) => scheme !== undefined))] as readonly Scheme[]
}

/**
 * RFC 6750 §2.1.
 *
 * @throws VerificationError `credential_malformed`
 */
export function requireToken68(token: string): string {
  if (token68.test(token)) return token
  throw new VerificationError('credential_malformed', 'the credential is not a token')
}

function tokensFrom(request: VerifiableRequest, source: Exclude<CredentialSource, 'authorization'>): readonly string[] {
  if (typeof source === 'function') return customToken(request, source)
  if ('cookie' in source) return cookieValues(request, source.cookie)
  if ('header' in source) return headerValues(request, source.header.toLowerCase())
  if ('webSocketProtocol' in source) return webSocketTokens(request, source.webSocketProtocol)
  return queryValues(request, source.dangerouslyAllowQuery)
}

/** `Authorization: Bearer <token68>`, or `DPoP <token68>` */
function authorizationCredential(request: VerifiableRequest, speaksDpop: boolean): Credential | undefined {
  const lines = headerValues(request, 'authorization')
  if (lines.length > 1) throw ambiguous()
  const [line] = lines
  if (line === undefined) return undefined
  if (line.startsWith(plainScheme) && line[plainScheme.length] !== ' ')
    return { unverifiedToken: line.slice(plainScheme.length), scheme: 'bearer' }
  const [, name = '', unverifiedToken = ''] = spoken.exec(line) ?? []
  const scheme = name.toLowerCase()
  if (scheme === 'bearer' || (scheme === 'dpop' && speaksDpop)) return { unverifiedToken, scheme }
  throw new VerificationError(
    'credential_missing',
    'the request speaks an authentication scheme that is not spoken here',
  )
}

function customToken(request: VerifiableRequest, source: (request: VerifiableRequest) => unknown): readonly string[] {
  const token = source(request)
  if (token === undefined) return []
  if (typeof token === 'string') return [token]
  throw new VerificationError('credential_malformed', 'the credential function answered something other than a string')
}

/** RFC 6265 §4.2.1. All values of the name, where a cookie library would hand out the first and hide the second. */
function cookieValues(request: VerifiableRequest, name: string): readonly string[] {
  const values: string[] = []
  for (const line of headerValues(request, 'cookie')) {
    for (const pair of line.split(';')) {
      const equals = pair.indexOf('=')
      if (equals >= 0 && pair.slice(0, equals).trim() === name) values.push(unquoted(pair.slice(equals + 1).trim()))
    }
  }
  return values
}

function unquoted(value: string): string {
  return value.length >= 2 && value.startsWith('"') && value.endsWith('"') ? value.slice(1, -1) : value
}

/** RFC 6455 §11.3.4: a list of names; the token is the item after ours. */
function webSocketTokens(request: VerifiableRequest, name: string): readonly string[] {
  const items = headerValues(request, 'sec-websocket-protocol').flatMap((line) => line.split(','))
  const names = items.map((item) => item.trim())
  return names.flatMap((item, index) => (item === name ? [names[index + 1] ?? ''] : []))
}

function queryValues(request: VerifiableRequest, name: string): readonly string[] {
  const query = request.url?.split('#', 1)[0]?.split('?').slice(1).join('?')
  return query ? new URLSearchParams(query).getAll(name) : []
}

/** RFC 6750 §2: a token beside the one we read, in the header (§2.1), a form (§2.2) or the query (§2.3): two methods. */
function carriesTokenElsewhere(request: VerifiableRequest, sources: readonly CredentialSource[]): boolean {
  return carriesInHeader(request, sources) || carriesTokenInQuery(request, sources) || carriesTokenInForm(request)
}

function carriesInHeader(request: VerifiableRequest, sources: readonly CredentialSource[]): boolean {
  return !sources.includes('authorization') && presentedSchemes(request).length > 0
}

function carriesTokenInQuery(request: VerifiableRequest, sources: readonly CredentialSource[]): boolean {
  if (request.url?.includes('?') !== true) return false
  const isRead = sources.some((source) => queryName(source) === 'access_token')
  return !isRead && queryValues(request, 'access_token').length > 0
}

function queryName(source: CredentialSource): string | undefined {
  return typeof source === 'object' && 'dangerouslyAllowQuery' in source ? source.dangerouslyAllowQuery : undefined
}

function carriesTokenInForm(request: VerifiableRequest): boolean {
  const { body } = request
  if (typeof body !== 'object' || body === null || !Object.hasOwn(body, 'access_token')) return false
  return headerValues(request, 'content-type').some((type) => /^application\/x-www-form-urlencoded\b/i.test(type))
}

function ambiguous(): VerificationError {
  return new VerificationError('credential_ambiguous', 'the request carries more than one credential')
}
