// Who signs, what is served, and the oracle: what the engine says to a request, without a framework.

import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import type {
  DecisionEvent,
  Denied,
  Policy,
  PolicySet,
  State,
  TokenFacts,
  VerifiableRequest,
  VerifierOptions,
} from '@sallyport/core'
import {
  allOf,
  authenticatedWithin,
  claim,
  createMemoryState,
  createVerifier,
  param,
  policy,
  policyService,
  policySet,
  scope,
  use,
  VerificationError,
} from '@sallyport/core'
import { createTestClock, createTestHolder, createTestIssuer, createTestKey } from '@sallyport/core/testing'
import { expect } from 'vitest'
import { TimeStamps } from '../../packages/core/src/jose/time-stamp.js'
import type { WireAnswer } from '../fixtures/served-app.js'
import {
  type FaultWorld,
  failingSubject,
  goneSubject,
  publicUrl,
  revokedJti,
  undecidedSubject,
  untoldJti,
  untoldSubject,
  untoldToken,
  usedProof,
} from './faults.js'
import type { AdapterTarget, ContractRoute, GuardedApp } from './target.js'

const nonceSecret = 'n'.repeat(32)
export const clock = createTestClock()
export const now = clock()
const crew = policyService('crew', async (question) => {
  if (question === undecidedSubject) throw new Error('the crew is asleep')
  return true
})
export const orders = allOf(
  scope('read:orders'),
  authenticatedWithin('15m'),
  claim('plan').equals('paid'),
  crew.permits(claim('sub')),
)
export const ofTenant = claim('tenant').equals(param('tenantId'))
export const ofNamed = use('tenants')
const policies: PolicySet = policySet(policy('tenants', { allow: ofTenant }))

export const routes: readonly ContractRoute[] = [
  { path: '/health', auth: 'public' },
  { path: '/me' },
  { path: '/menu', auth: 'optional' },
  { path: '/admin', auth: scope('admin') },
  { path: '/orders', auth: orders },
  { path: '/tenants/:tenantId', auth: ofTenant },
  { path: '/named/:tenantId', auth: ofNamed },
]

/** One app of a target, and what it takes to ask it. */
export interface ContractWorld extends FaultWorld {
  readonly target: AdapterTarget
  readonly options: VerifierOptions
  readonly app: GuardedApp
  /** A line with a good token that says this. */
  bearer(claims?: object): Promise<string>
  /** The request as the adapter has to show it. */
  shown(lines: readonly string[], params?: object, path?: string): VerifiableRequest
  /** What the engine says to such a request. */
  expected(lines: readonly string[], policy?: Policy, params?: object, path?: string): Promise<Denied>
  close(): Promise<void>
}

/** As the engine makes it. */
export const nonceAt = (seconds: number): string =>
  new TimeStamps([nonceSecret], 'sallyport nonces of proofs').make(seconds)

export async function createWorld(target: AdapterTarget, served: readonly ContractRoute[]): Promise<ContractWorld> {
  const idp = await createTestIssuer({ clock })
  const away = await createTestIssuer({ clock })
  await away.close()
  const state = Object.assign(forgetful(createMemoryState()), { attempts, replays })
  await state.revoke({ jti: revokedJti })
  const options: VerifierOptions = {
    issuers: [
      {
        issuer: idp.issuer,
        audience: idp.audience,
        jwks: idp.jwks,
        maxTokenAgeSeconds: 3_600,
        requiredClaims: ['jti'],
        introspection: { endpoint: introspectionEndpoint, clientId: 'api', clientSecret: 'secret' },
      },
      { issuer: away.issuer, audience: idp.audience },
    ],
    policies,
    state,
    subjects: { exists },
    publicUrl,
    dpopProofs: { nonces: { secret: nonceSecret } },
    trustedProxies: ['127.0.0.1', '::1'],
    clientCertificate: 'x-forwarded-client-cert',
    spiffe: { trustDomains: [{ trustDomain: 'prod.example' }] },
    failedAttempts: { limit: 10, windowSeconds: 60 },
    clock,
    fetch: introspect,
  }
  const app = await target.serve(options, served)
  const shown = (lines: readonly string[], params: object = {}, path = '/orders'): VerifiableRequest => {
    const fields = target.joinsLines === true ? joined(lines.map(toField)) : lines.map(toField)
    const came = { headers: {}, rawHeaders: fields.flat(), remoteAddress: '127.0.0.1' }
    return { ...came, method: 'GET', url: path, params: { ...params } }
  }
  return {
    now,
    idp,
    away,
    stranger: await createTestKey('ES256', idp.key.kid),
    holder: await createTestHolder({ clock }),
    nonce: nonceAt(now),
    target,
    options,
    app,
    bearer: async (claims = {}) => `Authorization: Bearer ${await idp.issue({ ...claims })}`,
    shown,
    async expected(lines, policy, params, path) {
      const verifier = createVerifier(options)
      const decision = await verifier.verify(shown(lines, params, path), policy)
      await verifier.close()
      if (decision.allowed) throw new Error('the engine lets it pass')
      return decision
    },
    async close() {
      await app.close()
      await idp.close()
    },
  }
}

const introspectionEndpoint = 'https://idp.example.com/introspect'

/** The issuer knows of no opaque token that is good, and of one it can't tell. */
const introspect: NonNullable<VerifierOptions['fetch']> = async (url, init) => {
  if (url !== introspectionEndpoint) return fetch(url, init)
  if (new URLSearchParams(init.body).get('token') === untoldToken) return new Response(null, { status: 503 })
  return Response.json({ active: false })
}

/** The user store of the application. */
async function exists({ subject }: { readonly subject: string }): Promise<boolean> {
  if (subject === untoldSubject) throw new Error('the user store is away')
  return subject !== goneSubject
}

/** All tests come from one address, and send little else than bad tokens: they are not counted. */
const attempts: State['attempts'] = {
  add: () => {},
  count: (name) => (name.includes(failingSubject) ? 11 : 0),
}

/** The engine and the adapter are shown the same proofs: all but one are used for the first time. */
const replays: State['replays'] = { useOnce: async ({ id }) => id !== usedProof }

/** Can't tell of one token whether it was revoked. */
function forgetful(state: State): State {
  const isRevoked = state.isRevoked.bind(state)
  return Object.assign(state, {
    isRevoked(token: TokenFacts): boolean {
      if (token.issuedClaims['jti'] !== untoldJti) return isRevoked(token)
      throw new VerificationError('state_unavailable', 'nobody knows', { retryAfterSeconds: 1 })
    },
  })
}

type Field = readonly [name: string, value: string]

/** RFC 9112 §5.1: white space around a value is none of it. */
function toField(line: string): Field {
  const colon = line.indexOf(':')
  return [line.slice(0, colon), line.slice(colon + 1).replace(/^[ \t]+|[ \t]+$/g, '')]
}

/** RFC 9110 §5.3 */
function joined(fields: readonly Field[]): readonly Field[] {
  const values = new Map<string, string>()
  for (const [written, value] of fields) {
    const name = written.toLowerCase()
    const before = values.get(name)
    values.set(name, before === undefined ? value : `${before}, ${value}`)
  }
  return [...values]
}

export function expectSame({ status, headers, body }: WireAnswer, denied: Denied, isHead = false): void {
  expect({ status, body }).toEqual({ status: denied.status, body: isHead ? '' : JSON.stringify(denied.body) })
  for (const [name, value] of Object.entries(denied.headers)) {
    const found = headers.get(name.toLowerCase())
    if (name === 'Retry-After') expect(Number(found?.[0])).toBeGreaterThanOrEqual(1)
    else expect(found, name).toEqual([value])
  }
  expect(headers.has('www-authenticate')).toBe('WWW-Authenticate' in denied.headers)
}

/** Refused by whoever came first; HTTP/2 may do it without a status. */
export function expectRefused({ status, body }: WireAnswer, what: string): void {
  expect(status === 0 || (status >= 400 && status < 500), `${what}: ${status}`).toBe(true)
  expect(body, what).not.toContain('in as')
}

/** What an operator sees meanwhile. */
export async function eventsDuring(work: () => Promise<unknown>): Promise<readonly DecisionEvent[]> {
  const events: DecisionEvent[] = []
  const listen = (event: unknown) => void events.push(event as DecisionEvent)
  subscribe('sallyport:decision', listen)
  try {
    await work()
  } finally {
    unsubscribe('sallyport:decision', listen)
  }
  return events
}
