// An explanation is worth something only if it never says other than the decision. One table of everything that can be
// wrong with a request; each row is judged by `verify` and by `explain`, alone and together with every other.
import { afterAll, describe, expect, it } from 'vitest'
import { z } from 'zod'
import { createTestAuthority, createTestCertificate, svidExtensions } from '../../../test/fixtures/der-certificates.js'
import { type ErrorCode, errorCodes, VerificationError } from './errors.js'
import type { CheckName } from './explained-checks.js'
import { TimeStamps } from './jose/time-stamp.js'
import { claim } from './policy/comparison.js'
import type { TokenFacts } from './policy/facts.js'
import { allOf, authenticatedWithin, scope } from './policy/words.js'
import { policyService } from './policy-services.js'
import type { VerifiableRequest } from './request/verifiable-request.js'
import { createMemoryState } from './state/memory-state.js'
import { createTestClock, createTestHolder, createTestIssuer, createTestKey, type TestKey } from './testing.js'
import { createVerifier } from './verifier.js'

const clock = createTestClock()
const now = clock()
const idp = await createTestIssuer({ clock })
const away = await createTestIssuer({ clock })
await away.close()
const holder = await createTestHolder({ clock })
const nonceSecret = 'n'.repeat(32)
const nonce = new TimeStamps([nonceSecret], 'sallyport nonces of proofs').make(now)
const stranger = await createTestKey('ES256', idp.key.kid)
afterAll(() => idp.close())
const state = createMemoryState({ clock })
await state.revoke({ session: 'taken-back' })
const used = { kind: 'dpop', by: holder.confirmation.jkt, at: 'https://api.example.com/orders', id: 'used' }
await state.replays.useOnce(used, now + 600)
const isRevoked = state.isRevoked.bind(state)
Object.assign(state, {
  attempts: { add: () => {}, count: (name: string) => (name.includes('192.0.2.9') ? 11 : 0) },
  isRevoked(token: TokenFacts): boolean {
    if (token.issuedClaims['jti'] !== 'untold') return isRevoked(token)
    throw new VerificationError('state_unavailable', 'nobody knows')
  },
})

const authority = createTestAuthority()
const unvouched = createTestCertificate({ extensions: svidExtensions('spiffe://prod.example/orders') })
const introspectionEndpoint = 'https://idp.example.com/introspect'

const verifier = createVerifier({
  issuers: [
    {
      issuer: idp.issuer,
      audience: idp.audience,
      jwks: idp.jwks,
      algorithms: ['ES256', 'ES384'],
      maxTokenAgeSeconds: 3_600,
      maxTokenLifetimeSeconds: 3_600,
      requiredClaims: ['jti'],
      profile: 'jwt',
      introspection: { endpoint: introspectionEndpoint, clientId: 'api', clientSecret: 'secret' },
    },
    { issuer: away.issuer, audience: idp.audience, profile: 'jwt' },
  ],
  claims: z.object({ tenant: z.string().optional() }),
  state,
  publicUrl: 'https://api.example.com',
  dpopProofs: { nonces: { secret: nonceSecret } },
  trustedProxies: [],
  clientCertificate: 'tls',
  spiffe: {
    trustDomains: [
      {
        trustDomain: 'prod.example',
        bundle: { keys: [{ use: 'x509-svid', x5c: [authority.der.toString('base64')] }] },
      },
    ],
  },
  failedAttempts: { limit: 10, windowSeconds: 60 },
  subjects: {
    exists({ subject }) {
      if (subject === 'untold') throw new Error('the store is away')
      return subject !== 'gone'
    },
  },
  clock,
  async fetch(url, init) {
    if (url !== introspectionEndpoint) return fetch(url, init)
    const token = new URLSearchParams(init.body).get('token')
    return token === 'untold' ? new Response(null, { status: 503 }) : Response.json({ active: false })
  },
})

/** What is wrong with a request: one change of the good one. */
interface Fault {
  readonly code: ErrorCode
  readonly check: CheckName
  readonly claims?: Readonly<Record<string, unknown>>
  readonly header?: Readonly<Record<string, unknown>>
  readonly key?: TestKey
  readonly alter?: (token: string) => string
  readonly request?: (token: string) => VerifiableRequest | Promise<VerifiableRequest>
}

const bearer = (token: string) => ({ headers: { authorization: `Bearer ${token}` } })
const bound = { cnf: holder.confirmation }

/** A request by the holder, whose proof is good but for these claims. */
const proven = (spoiled: object) => async (token: string) => ({
  method: 'GET',
  url: '/orders',
  headers: await holder.present(token, { url: 'https://api.example.com/orders' }, { claims: { nonce, ...spoiled } }),
})

/** In the order of the checks. */
const faults: Readonly<Record<string, Fault>> = {
  'no credential': { code: 'credential_missing', check: 'credential', request: () => ({ headers: {} }) },
  'another scheme': {
    code: 'credential_missing',
    check: 'credential',
    request: (token) => ({ headers: { authorization: `Basic ${token}` } }),
  },
  'a malformed credential': {
    code: 'credential_malformed',
    check: 'credential',
    request: (token) => bearer(`${token} x`),
  },
  'two credentials': {
    code: 'credential_ambiguous',
    check: 'credential',
    request: (token) => ({ ...bearer(token), url: `/?access_token=${token}` }),
  },
  'a workload that nobody vouches for': {
    code: 'certificate_rejected',
    check: 'workload',
    request: (token) => ({ ...bearer(token), socket: { getPeerX509Certificate: () => ({ raw: unvouched.der }) } }),
  },
  'an address that has failed too often': {
    code: 'attempts_exceeded',
    check: 'attempts',
    request: (token) => ({ ...bearer(token), remoteAddress: '192.0.2.9' }),
  },
  'a cut token': { code: 'token_malformed', check: 'format', alter: (token) => token.slice(0, token.lastIndexOf('.')) },
  crit: { code: 'token_malformed', check: 'format', alter: (token) => withHeader(token, { crit: ['x'] }) },
  'an opaque token that is not active': { code: 'token_inactive', check: 'introspection', alter: () => 'inactive' },
  'an opaque token of which nobody knows': {
    code: 'introspection_unavailable',
    check: 'introspection',
    alter: () => 'untold',
  },
  'no issuer': { code: 'claim_missing', check: 'issuer', claims: { iss: undefined } },
  'an issuer in an array': { code: 'claim_invalid', check: 'issuer', claims: { iss: [idp.issuer] } },
  'another issuer': { code: 'issuer_untrusted', check: 'issuer', claims: { iss: `${idp.issuer}/` } },
  'a key in the header': { code: 'token_malformed', check: 'header', header: { jwk: stranger.publicJwk } },
  'a token inside the token': { code: 'token_malformed', check: 'header', header: { cty: 'JWT' } },
  'another algorithm': {
    code: 'algorithm_rejected',
    check: 'algorithm',
    alter: (token) => withHeader(token, { alg: 'none' }),
  },
  'another type': { code: 'token_type_rejected', check: 'type', header: { typ: 'logout+jwt' } },
  'an unknown key': { code: 'key_unknown', check: 'key', header: { kid: 'unknown' } },
  'keys out of reach': { code: 'keys_unavailable', check: 'key', claims: { iss: away.issuer } },
  'the key of a stranger': { code: 'signature_invalid', check: 'signature', key: stranger },
  'an ID token': { code: 'token_type_rejected', check: 'kind', header: { typ: 'JWT' }, claims: { nonce: 'n' } },
  'another audience': { code: 'audience_mismatch', check: 'audience', claims: { aud: 'other' } },
  'no audience': { code: 'claim_missing', check: 'audience', claims: { aud: undefined } },
  'an audience that is no text': { code: 'claim_invalid', check: 'audience', claims: { aud: 7 } },
  'an end that has passed': { code: 'token_expired', check: 'expiry', claims: { iat: now - 60, exp: now - 31 } },
  'no end': { code: 'claim_missing', check: 'expiry', claims: { exp: undefined } },
  'an end that is no date': { code: 'claim_invalid', check: 'expiry', claims: { exp: 'soon' } },
  'an end too far away': { code: 'claim_invalid', check: 'expiry', claims: { exp: now + 3_631 } },
  'a beginning yet to come': { code: 'token_not_active', check: 'not before', claims: { nbf: now + 31 } },
  'a beginning that is no date': { code: 'claim_invalid', check: 'not before', claims: { nbf: 'soon' } },
  'an issue yet to come': { code: 'token_not_active', check: 'age', claims: { iat: now + 31 } },
  'an issue long ago': { code: 'token_too_old', check: 'age', claims: { iat: now - 3_630 } },
  'no issue': { code: 'claim_missing', check: 'age', claims: { iat: undefined } },
  'a header that says otherwise': { code: 'claim_invalid', check: 'claims', header: { sub: 'root' } },
  'a subject that is no text': { code: 'claim_invalid', check: 'claims', claims: { sub: 7 } },
  'no identifier': { code: 'claim_missing', check: 'claims', claims: { jti: undefined } },
  'a claim that does not fit the schema': { code: 'claim_invalid', check: 'claims', claims: { tenant: 7 } },
  'a binding': { code: 'binding_missing', check: 'binding', claims: { cnf: { jkt: 'x' } } },
  'a binding without its proof': { code: 'binding_missing', check: 'binding', claims: bound },
  'a proof for another method': {
    code: 'proof_invalid',
    check: 'proof',
    claims: bound,
    request: proven({ htm: 'POST' }),
  },
  'a proof without a nonce': {
    code: 'proof_nonce_required',
    check: 'proof',
    claims: bound,
    request: proven({ nonce: undefined }),
  },
  'a proof by another key': {
    code: 'binding_mismatch',
    check: 'proof',
    claims: { cnf: { jkt: 'A'.repeat(43) } },
    request: proven({}),
  },
  'a session that was taken back': { code: 'token_revoked', check: 'revocation', claims: { sid: 'taken-back' } },
  'a token of which nobody knows': { code: 'state_unavailable', check: 'revocation', claims: { jti: 'untold' } },
  'a subject that is gone': { code: 'subject_unknown', check: 'subject', claims: { sub: 'gone' } },
  'a subject of whom nobody knows': { code: 'subject_unavailable', check: 'subject', claims: { sub: 'untold' } },
  'a proof that was used before': {
    code: 'proof_replayed',
    check: 'replay',
    claims: bound,
    request: proven({ jti: 'used' }),
  },
  'too few scopes': { code: 'scope_insufficient', check: 'policy', claims: { scope: 'read' } },
  'a login long ago': { code: 'step_up_required', check: 'policy', claims: { auth_time: now - 901 } },
  'a policy service that does not decide': {
    code: 'policy_service_unavailable',
    check: 'policy',
    claims: { crew: 'asleep' },
  },
  'another plan': { code: 'policy_denied', check: 'policy', claims: { plan: 'trial' } },
}

function withHeader(token: string, members: object): string {
  const [header = '', ...rest] = token.split('.')
  const changed = { ...JSON.parse(Buffer.from(header, 'base64url').toString()), ...members }
  return [Buffer.from(JSON.stringify(changed)).toString('base64url'), ...rest].join('.')
}

/** A request that is good but for these faults. */
async function requestWith(...wrong: readonly Fault[]): Promise<VerifiableRequest> {
  const claims = Object.assign({ scope: 'read write', auth_time: now - 900 }, ...wrong.map((fault) => fault.claims))
  const header = Object.assign({}, ...wrong.map((fault) => fault.header))
  const key = wrong.find((fault) => fault.key)?.key ?? idp.key
  let token = await idp.issue(claims, { header, key })
  for (const { alter } of wrong) token = alter?.(token) ?? token
  return (await wrong.find((fault) => fault.request)?.request?.(token)) ?? bearer(token)
}

const crew = policyService('crew', (crew) => {
  if (crew === 'asleep') throw new Error('nobody answers')
  return true
})
const policy = allOf(
  scope('write'),
  authenticatedWithin('15m'),
  claim('plan').orElse('paid').equals('paid'),
  crew.permits(claim('crew').orElse('awake')),
)

describe.each(Object.entries(faults))('%s', (_, fault) => {
  it(`is ${fault.code} to both, and fails the check of ${fault.check} alone`, async () => {
    const request = await requestWith(fault)
    const decision = await verifier.verify(request, policy)
    const explanation = await verifier.explain(request, policy)
    expect(decision).toMatchObject({ allowed: false, code: fault.code })
    expect(explanation).toMatchObject({
      allowed: false,
      code: fault.code,
      reason: expect.stringMatching(/^[a-z`].+[^.]$/),
    })
    const outcomes = explanation.checks.map(({ outcome }) => outcome)
    const failed = explanation.checks.findIndex(({ check }) => check === fault.check)
    expect(outcomes).toEqual(outcomes.map((__, i) => (i < failed ? 'passed' : i === failed ? 'failed' : 'not reached')))
    const words = { expected: expect.any(String), got: expect.any(String), action: expect.any(String) }
    expect(explanation.checks[failed]).toMatchObject(words)
  })
})

describe('a good request', () => {
  it('passes for both, and every check', async () => {
    const request = await requestWith()
    expect(await verifier.verify(request, policy)).toMatchObject({ allowed: true })
    const { allowed, checks } = await verifier.explain(request, policy)
    expect(allowed).toBe(true)
    expect(checks.every(({ outcome }) => outcome === 'passed')).toBe(true)
  })
})

describe('the table', () => {
  it('holds every code that a request can meet', () => {
    const met = new Set<string>(Object.values(faults).map(({ code }) => code))
    expect(errorCodes.filter((code) => !met.has(code))).toEqual([])
  })

  it('holds every check', async () => {
    expect([...new Set(Object.values(faults).map(({ check }) => check))]).toEqual(await everyCheck())
  })
})

describe('two faults at once', () => {
  // The claims of the header are compared before the audience, and told as one of the last checks.
  it('are told by the check that comes first, for what comes before it has passed', async () => {
    const order = await everyCheck()
    const wrongly: string[] = []
    for (const [one, first] of Object.entries(faults)) {
      for (const [other, second] of Object.entries(faults)) {
        if (order.indexOf(first.check) >= order.indexOf(second.check) || touchTheSame(first, second)) continue
        const request = await requestWith(first, second)
        const told = await verifier.explain(request, policy)
        const decided = await verifier.verify(request, policy)
        const failed = told.checks.find(({ outcome }) => outcome === 'failed')?.check
        if (failed !== first.check || decided.allowed || told.code !== decided.code)
          wrongly.push(`${one} and ${other}: ${failed}`)
      }
    }
    expect(wrongly).toEqual([])
  })
})

/** Those of a JWT, and the one in place of its signature. */
async function everyCheck(): Promise<readonly CheckName[]> {
  const { checks } = await verifier.explain(await requestWith())
  return checks.flatMap(({ check }) => (check === 'format' ? [check, 'introspection'] : check))
}

function touchTheSame(one: Fault, other: Fault): boolean {
  const touched = ({ claims, header, alter, request }: Fault) =>
    [...Object.keys({ ...claims, ...header }), alter && 'alter', request && 'request'].filter(Boolean)
  return touched(one).some((name) => touched(other).includes(name))
}
