// A workload is a caller like others: what the application asks of every caller is asked of it, and what was proven once is known later.
import { afterAll, afterEach, describe, expect, it, vi } from 'vitest'
import { z } from 'zod'
import { createTestAuthority, noon } from '../../../test/fixtures/der-certificates.js'
import { bundleOf, connectionWith, issueSvid, verifierOf } from '../../../test/fixtures/svids.js'
import type { Principal } from './decision.js'
import { spiffe } from './policy/request-words.js'
import { allOf, anyOf, boundBy, not, subject } from './policy/words.js'
import type { VerifiableRequest } from './request/verifiable-request.js'
import { createMemoryState } from './state/memory-state.js'
import { createTestClock, createTestIssuer } from './testing.js'
import type { Verifier } from './verifier.js'

const clock = createTestClock(noon)
const idp = await createTestIssuer({ clock })
afterAll(() => idp.close())
afterEach(() => clock.set(noon))

const orders = 'spiffe://prod.example/ns/shop/sa/orders'
const root = createTestAuthority({ subject: 'root' })
const brief = issueSvid(root, orders, { notAfter: noon + 600 })
const shown = connectionWith(brief)

function verifierWith(more: object = {}, spiffeOptions: object = {}): Verifier {
  const trustDomains = [{ trustDomain: 'prod.example', bundle: bundleOf([root]) }]
  return verifierOf({
    issuer: idp.issuer,
    audience: idp.audience,
    jwks: idp.jwks,
    clientCertificate: 'tls',
    spiffe: { trustDomains, withoutToken: true, ...spiffeOptions },
    clock,
    ...more,
  })
}

const authOf = async (verifier: Verifier, request: VerifiableRequest): Promise<Principal> => {
  const decision = await verifier.verify(request)
  if (!decision.allowed) throw new Error(decision.code)
  return decision.auth
}
const withToken = async (request: VerifiableRequest, claims: object = {}, seconds = 3_600) => ({
  ...request,
  headers: await idp.asUser({ ...claims }, { expiresInSeconds: seconds }),
})

describe('a workload without a token', () => {
  it('has claims that say no more than its certificate does, and nobody changes them', async () => {
    const auth = await authOf(verifierWith(), shown)
    expect(auth.claims).toEqual({ iss: 'spiffe://prod.example', sub: orders, exp: noon + 600 })
    expect(Object.isFrozen(auth.claims)).toBe(true)
    expect(auth).toMatchObject({ clientId: undefined, roles: [], scopes: [], confirmation: undefined, binding: 'mtls' })
    expect(auth.expiresAt).toBe(noon + 600)
  })

  it('has its claims judged by the schema of the application', async () => {
    const strict = verifierWith({ claims: z.object({ tenant: z.string() }) })
    expect(await strict.verify(shown)).toMatchObject({ allowed: false, status: 401, code: 'claim_invalid' })
    const claims = z.object({ sub: z.string(), tenant: z.string().default('none') })
    const decision = await verifierWith({ claims }).verify(shown, allOf(spiffe(orders), subject(orders)))
    expect(decision).toMatchObject({
      allowed: true,
      auth: { claims: { sub: orders, tenant: 'none' }, workload: orders },
    })
  })

  it('is looked up among the subjects', async () => {
    const exists = vi.fn(async (..._: readonly unknown[]) => false)
    const verifier = verifierWith({ subjects: { exists } })
    expect(await verifier.verify(shown)).toMatchObject({ code: 'subject_unknown' })
    expect(exists).toHaveBeenLastCalledWith(
      expect.objectContaining({ issuer: 'spiffe://prod.example', subject: orders }),
      expect.anything(),
    )
    expect(await verifierWith({ subjects: { exists: async () => true } }).verify(shown)).toMatchObject({
      allowed: true,
    })
  })

  it('is answered at once, where nothing has to be waited for', () => {
    expect(verifierWith().decide(shown)).toMatchObject({ allowed: true })
  })

  it('satisfies the policy of the options, and is no anonymous caller to it', async () => {
    const policy = spiffe('spiffe://prod.example/ns/shop/**')
    expect(await verifierWith({ policy }).verify(shown)).toMatchObject({ allowed: true })
    const other = spiffe('spiffe://prod.example/ns/other/**')
    expect(await verifierWith({ policy: other }).verify(shown)).toMatchObject({ status: 403, code: 'policy_denied' })
  })

  it('is known on a route that asks nobody who they are', async () => {
    const decision = await verifierWith().verify(shown, undefined, { optional: true })
    expect(decision).toMatchObject({ allowed: true, auth: { workload: orders } })
    expect(await verifierWith({ optional: true }).verify(shown)).toMatchObject({ auth: { workload: orders } })
  })

  it('is asked for a token where it has to bring one, and anonymous where nobody has', async () => {
    const verifier = verifierWith({}, { withoutToken: false })
    expect(await verifier.verify(shown)).toMatchObject({ code: 'credential_missing' })
    expect(await verifier.verify(shown, undefined, { optional: true })).toMatchObject({ auth: undefined })
    const late = connectionWith(issueSvid(root, orders, { notAfter: noon - 1 }))
    expect(await verifier.verify(late, undefined, { optional: true })).toMatchObject({ auth: undefined })
  })

  it('is taken back with all of its trust domain', async () => {
    const state = createMemoryState({ clock })
    const verifier = verifierWith({ state })
    await state.revoke({ issuer: idp.issuer, subject: orders })
    expect(await verifier.verify(shown)).toMatchObject({ allowed: true })
    await state.revoke({ issuer: 'spiffe://prod.example' })
    expect(await verifier.verify(shown)).toMatchObject({ code: 'token_revoked' })
  })

  it('does not pass with a bad token: a certificate mends none', async () => {
    const headers = { authorization: 'Bearer garbage' }
    expect(await verifierWith().verify({ ...shown, headers })).toMatchObject({ code: 'token_malformed' })
    const empty = { authorization: 'Bearer' }
    const decision = await verifierWith().verify({ ...shown, headers: empty })
    expect(decision.allowed).toBe(false)
  })
})

describe('how long it holds', () => {
  it('is up to the end of the certificate, for a workload without a token', async () => {
    expect(await verifierWith().verify(shown)).toMatchObject({ validUntil: noon + 600 })
    expect(await verifierWith().verify(shown, spiffe(orders))).toMatchObject({ validUntil: noon + 600 })
  })

  it('is up to the end of the certificate too where the policy asks for it, and else to that of the token', async () => {
    const request = await withToken(shown)
    expect(await verifierWith().verify(request)).toMatchObject({ validUntil: noon + 3_600 })
    expect(await verifierWith().verify(request, spiffe(orders))).toMatchObject({ validUntil: noon + 600 })
    expect(await verifierWith().verify(await withToken(shown, {}, 60), spiffe(orders))).toMatchObject({
      validUntil: noon + 60,
    })
  })

  it('ends what is open when the certificate does', async () => {
    const verifier = verifierWith()
    const request = await withToken(shown)
    const ended = await new Promise((resolve) => {
      let judged = 0
      verifier.watch(async () => {
        judged += 1
        if (judged > 1) clock.set(noon + 601)
        return { ...(await verifier.verify(request, spiffe(orders))), ...(judged === 1 && { validUntil: noon }) }
      }, resolve)
    })
    expect(ended).toMatchObject({ allowed: false, code: 'certificate_rejected' })
    await verifier.close()
  })
})

describe('who has passed', () => {
  const verifier = verifierWith()

  it('is known as the workload of then, whatever the next request shows', async () => {
    const auth = await authOf(verifier, await withToken(shown))
    const other = connectionWith(issueSvid(root, 'spiffe://prod.example/other'))
    for (const request of [undefined, other, { headers: {} }]) {
      expect(await verifier.authorize(auth, spiffe(orders), request)).toMatchObject({ allowed: true })
      expect(await verifier.authorize(auth, spiffe('spiffe://prod.example/other'), request)).toMatchObject({
        code: 'policy_denied',
      })
    }
  })

  it('is that workload for as long as its certificate held, however long the token does', async () => {
    const auth = await authOf(verifier, await withToken(shown))
    clock.set(noon + 600)
    expect(await verifier.authorize(auth, spiffe(orders))).toMatchObject({ allowed: true })
    clock.set(noon + 601)
    expect(await verifier.authorize(auth, spiffe(orders))).toMatchObject({ code: 'policy_denied' })
  })

  it('is none where none was shown, whatever the next request shows', async () => {
    const auth = await authOf(verifier, await withToken({ headers: {} }))
    expect(await verifier.authorize(auth, spiffe(orders), shown)).toMatchObject({ code: 'policy_denied' })
    expect(await verifier.authorize(auth, not(spiffe(orders)), shown)).toMatchObject({ code: 'policy_denied' })
  })

  it('has come by its certificate, not by a token', async () => {
    const auth = await authOf(verifier, shown)
    expect(await verifier.authorize(auth, allOf(spiffe(orders), boundBy('mtls')))).toMatchObject({
      allowed: true,
      validUntil: noon + 600,
    })
    const bearer = await authOf(verifier, await withToken(shown))
    expect(await verifier.authorize(bearer, allOf(spiffe(orders), boundBy('mtls')))).toMatchObject({
      code: 'policy_denied',
    })
    expect(await verifier.authorize(bearer, anyOf(boundBy('mtls'), spiffe(orders)))).toMatchObject({ allowed: true })
  })

  it('shows no token to who prints it', async () => {
    const auth = await authOf(verifier, shown)
    expect(JSON.stringify(auth)).not.toContain('token')
    expect(JSON.parse(JSON.stringify(auth))).toMatchObject({ workload: orders, subject: orders })
  })
})

describe('a refusal', () => {
  const late = connectionWith(issueSvid(root, orders, { notAfter: noon - 1 }))

  it('says to the client that its certificate is not accepted, and no more', async () => {
    expect(await verifierWith().verify(late)).toMatchObject({
      allowed: false,
      status: 401,
      code: 'certificate_rejected',
      body: { title: 'The client certificate is not accepted', status: 401 },
    })
    const decision = await verifierWith().verify(late)
    expect(JSON.stringify(decision)).not.toMatch(/prod\.example|expired|bundle/)
  })

  it.each<[string, Parameters<typeof issueSvid>[2], string]>([
    ['expired', { notAfter: noon - 1 }, 'it has expired'],
    ['early', { notBefore: noon + 1 }, 'its trust domain does not vouch for it, or not yet'],
  ])('of one that is %s says to the operator why', async (_, options, reason) => {
    const { reason: said } = await verifierWith().explain(connectionWith(issueSvid(root, orders, options)))
    expect(said).toBe(`the certificate of the connection is refused: ${reason}`)
  })

  it('of a stranger says to the operator that it belongs to no trust domain of ours', async () => {
    const stranger = connectionWith(issueSvid(root, 'spiffe://other.example/orders'))
    const { reason } = await verifierWith().explain(stranger)
    expect(reason).toMatch(/its trust domain is none of `spiffe\.trustDomains`$/)
  })
})
