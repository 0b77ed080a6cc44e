// Why Sallyport and jose judge a token differently, each reason by its name. Nearly always we refuse what jose accepts,
// and a rule of the standards asks us to.
import { claims, now } from '../fixtures/signer.js'

/** A token as a lenient reader reads it. */
export interface Facts {
  readonly token: string
  readonly mutation: string
  readonly headerText: string
  readonly claimsText: string
  readonly header: Readonly<Record<string, unknown>>
  readonly claims: Readonly<Record<string, unknown>>
  /** Whether the verifiers were told a greatest age of 600 seconds. */
  readonly hasGreatestAge: boolean
}

export interface Reason {
  readonly name: string
  /** Our code where we refuse and jose accepts; `'accepted'` where it is the other way round. */
  readonly ours: string
  /** Whether it is about this token: then, and only then, the verdicts differ as said. */
  readonly matches: (facts: Facts) => boolean
}

const tolerance = 30

const isWithin = (value: unknown, bound: number) => typeof value !== 'number' || Math.abs(value) <= bound
const isDate = (value: unknown) => isWithin(value, 253_402_300_799)

const depthOf = (value: unknown): number =>
  typeof value === 'object' && value !== null ? 1 + Math.max(0, ...Object.values(value).map(depthOf)) : 0

const membersOf = (value: unknown): number =>
  typeof value === 'object' && value !== null
    ? (Array.isArray(value) ? 0 : Object.keys(value).length) +
      Object.values(value).reduce((sum: number, each) => sum + membersOf(each), 0)
    : 0

const isOddText = (value: unknown) => value !== undefined && (typeof value !== 'string' || value === '')

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

/** The key of `kid: marked` says `alg: Ed25519`. For jose it does not serve `EdDSA`; by RFC 9864 §2.2 it does. */
const isOtherNameOfMarkedKey = ({ header }: Facts) => header['alg'] === 'EdDSA' && header['kid'] === 'marked'

export const reasons: readonly Reason[] = [
  {
    name: 'R-FMT-3, R-FMT-4: jose reads base64url with white space, padding and unused bits',
    ours: 'token_malformed',
    matches: ({ token }) =>
      token.split('.').some((segment) => Buffer.from(segment, 'base64url').toString('base64url') !== segment),
  },
  {
    name: 'R-FMT-6: jose takes a byte order mark off',
    ours: 'token_malformed',
    matches: ({ headerText, claimsText }) => headerText.startsWith('\ufeff') || claimsText.startsWith('\ufeff'),
  },
  {
    name: 'R-FMT-7: jose takes the last of two members with one name',
    ours: 'token_malformed',
    matches: ({ mutation }) => /: a member twice/.test(mutation),
  },
  {
    name: 'R-FMT-8: jose has no bound on the length of a token',
    ours: 'token_malformed',
    matches: ({ token }) => token.length > 16_384,
  },
  {
    name: 'R-FMT-8: jose has no bound on depth',
    ours: 'token_malformed',
    matches: (facts) => depthOf(facts.header) > 32 || depthOf(facts.claims) > 32,
  },
  {
    name: 'R-FMT-8: jose has no bound on members',
    ours: 'token_malformed',
    matches: (facts) => membersOf(facts.header) > 2_000 || membersOf(facts.claims) > 2_000,
  },
  {
    name: 'R-FMT-9: jose does not compare claims that are replicated into the header',
    ours: 'claim_invalid',
    matches: (facts) =>
      ['iss', 'sub', 'aud'].some(
        (name) => name in facts.header && JSON.stringify(facts.header[name]) !== JSON.stringify(facts.claims[name]),
      ),
  },
  {
    name: 'R-FMT-10: jose does not look at cty',
    ours: 'token_malformed',
    matches: ({ header: { cty } }) =>
      cty !== undefined && (typeof cty !== 'string' || /^(application\/)?jwt$/i.test(cty)),
  },
  {
    name: 'R-FMT-11: jose takes b64, unless it is critical and false',
    ours: 'token_malformed',
    matches: ({ header }) => 'b64' in header,
  },
  {
    name: 'R-ALG-10: jose does not hold EdDSA and Ed25519 for one algorithm, and we do (RFC 9864 §2.2)',
    ours: 'accepted',
    matches: isOtherNameOfMarkedKey,
  },
  {
    name: 'R-ALG-10, R-KEY-6: so without a kid two keys fit EdDSA, where jose sees one',
    ours: 'key_unknown',
    matches: ({ header }) => header['alg'] === 'EdDSA' && header['kid'] === undefined,
  },
  {
    name: 'R-HDR-2: jose ignores keys in the header, and we do not even tolerate them',
    ours: 'token_malformed',
    matches: ({ header }) => ['jku', 'jwk', 'x5u', 'x5c'].some((name) => name in header),
  },
  {
    name: 'R-HDR-3: jose does not look at kid where there is one secret',
    ours: 'token_malformed',
    matches: ({ header: { kid } }) => kid !== undefined && (typeof kid !== 'string' || kid.length > 1_024),
  },
  {
    name: 'R-CLM-1 to 3: jose takes infinity, and milliseconds, for seconds',
    ours: 'claim_invalid',
    matches: ({ claims: { exp, nbf, iat } }) => ![exp, nbf, iat].every(isDate),
  },
  {
    name: 'R-CLM-3: jose does not look whether iat is yet to come, where there is no greatest age',
    ours: 'token_not_active',
    matches: ({ claims: { exp, nbf, iat }, hasGreatestAge }) =>
      !hasGreatestAge && [exp, nbf, iat].every(isDate) && typeof iat === 'number' && iat > now + tolerance,
  },
  {
    name: 'R-CLM-3: jose takes an iat after exp',
    ours: 'claim_invalid',
    matches: ({ claims: { exp, nbf, iat } }) =>
      [exp, nbf, iat].every(isDate) && typeof iat === 'number' && iat <= now + tolerance && iat > Number(exp),
  },
  {
    name: 'R-CLM-3: jose lets the greatest age include its last instant, and we end there, as exp does',
    ours: 'token_too_old',
    matches: ({ claims: { iat }, hasGreatestAge }) => hasGreatestAge && iat === now - 600 - tolerance,
  },
  {
    name: 'R-CLM-5: jose looks only for ours among the audiences',
    ours: 'claim_invalid',
    matches: ({ claims: { aud } }) =>
      Array.isArray(aud) && aud.includes(claims.aud) && aud.some((each) => typeof each !== 'string'),
  },
  {
    name: 'R-CLM-6: jose takes any sub and jti',
    ours: 'claim_invalid',
    matches: ({ claims: { sub, jti } }) => isOddText(sub) || isOddText(jti),
  },
  {
    name: 'R-8693-1: jose does not look at act',
    ours: 'claim_invalid',
    matches: ({ claims: { act } }) => act !== undefined && !isObject(act),
  },
  {
    name: 'R-9396-1: jose does not look at authorization_details',
    ours: 'claim_invalid',
    matches: ({ claims: { authorization_details: details } }) =>
      details !== undefined &&
      !(Array.isArray(details) && details.every((each) => isObject(each) && typeof each['type'] === 'string')),
  },
  {
    name: 'R-9068-2: jose takes null for a claim that is there',
    ours: 'claim_missing',
    matches: ({ claims: { client_id } }) => client_id === null,
  },
  {
    name: 'RFC 7800 §3.1: jose lets a bound token pass without its proof',
    ours: 'binding_missing',
    matches: (facts) => 'cnf' in facts.claims,
  },
]
