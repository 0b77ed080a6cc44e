// Step 7 through a verifier: whoever presents a bound token is its holder, on every request, cold and from the cache, or does not
// pass. The form of a proof is in `binding/dpop-proof.test.ts`.
import { IncomingMessage } from 'node:http'
import { Socket } from 'node:net'
import { afterAll, beforeEach, describe, expect, it } from 'vitest'
import { createTestCertificate } from '../../../test/fixtures/der-certificates.js'
import { certificateThumbprint } from './jose/certificate.js'
import { boundBy, scope } from './policy/words.js'
import type { VerifiableRequest } from './request/verifiable-request.js'
import { createMemoryState } from './state/memory-state.js'
import type { State } from './state/state.js'
import { createTestClock, createTestHolder, createTestIssuer, type TestProofParts } from './testing.js'
import { createVerifier, type Verifier } from './verifier.js'
import type { VerifierOptions } from './verifier-options.js'

const clock = createTestClock()
const noon = clock()
const idp = await createTestIssuer({ clock })
const [holder, thief] = [await createTestHolder({ clock }), await createTestHolder({ clock })]
afterAll(() => idp.close())
const publicUrl = 'https://api.example.com'
const trust = { issuer: idp.issuer, audience: idp.audience, jwks: idp.jwks, clock }
const token = await idp.issue({ scope: 'read', cnf: holder.confirmation })

let state: State
beforeEach(() => {
  clock.set(noon)
  state = createMemoryState({ clock })
})

const verifierWith = (options: Partial<VerifierOptions> = {}): Verifier<unknown> =>
  createVerifier({ ...trust, publicUrl, state, ...options } as VerifierOptions)

interface Asked extends Partial<VerifiableRequest> {
  readonly by?: typeof holder
  readonly parts?: TestProofParts
  readonly of?: string
}

async function proven({ by = holder, of = token, parts, ...request }: Asked = {}): Promise<VerifiableRequest> {
  const headers = await by.present(of, { url: `${publicUrl}/orders` }, parts)
  return { method: 'GET', url: '/orders?page=2', headers, ...request }
}

const bearer = (of: string, lines: object = {}): VerifiableRequest => ({
  method: 'GET',
  url: '/orders',
  headers: { authorization: `Bearer ${of}`, ...lines },
})

const codeOf = async (verifier: Verifier<unknown>, request: VerifiableRequest): Promise<string> => {
  const decision = await verifier.verify(request)
  return decision.allowed ? 'allowed' : decision.code
}

/** Asks three times with as many proofs: cold, as a proof remembered, and from the cache. */
async function codesOf(
  verifier: Verifier<unknown>,
  make: () => Promise<VerifiableRequest>,
): Promise<readonly string[]> {
  return [
    await codeOf(verifier, await make()),
    await codeOf(verifier, await make()),
    await codeOf(verifier, await make()),
  ]
}

/** Lets a token into the cache, by its holder. */
async function warm(verifier: Verifier<unknown>): Promise<void> {
  expect(await codesOf(verifier, proven)).toEqual(['allowed', 'allowed', 'allowed'])
}

describe('a holder', () => {
  it('passes with a proof for each request, cold and from the cache', async () => {
    const verifier = verifierWith()
    await warm(verifier)
    const decision = await verifier.verify(await proven())
    expect(decision).toMatchObject({ allowed: true, auth: { binding: 'dpop', confirmation: holder.confirmation } })
    expect('headers' in decision).toBe(false)
  })

  it('is told from others by a policy', async () => {
    const verifier = verifierWith()
    expect(await verifier.verify(await proven(), boundBy('dpop'))).toMatchObject({ allowed: true })
    expect(await verifier.verify(await proven(), boundBy('mtls'))).toMatchObject({ code: 'policy_denied' })
    expect(await verifier.verify(bearer(await idp.issue()), boundBy('dpop'))).toMatchObject({ code: 'policy_denied' })
    const passed = await verifier.verify(await proven())
    if (!passed.allowed) throw new Error(passed.code)
    expect(await verifier.authorize(passed.auth, boundBy('dpop'))).toMatchObject({ allowed: true })
    expect(await verifier.authorize(passed.auth, scope('write'))).toMatchObject({
      code: 'scope_insufficient',
      headers: { 'WWW-Authenticate': expect.stringMatching(/^DPoP realm="api", error="insufficient_scope"/) },
    })
  })
})

describe('R-9449-15: a bound token as a bearer token', () => {
  it('is refused, cold and from the cache, also where a proof lies beside it', async () => {
    const verifier = verifierWith()
    const beside = async () =>
      bearer(token, { dpop: (await holder.present(token, { url: `${publicUrl}/orders` })).dpop })
    expect(await codesOf(verifier, async () => bearer(token))).toEqual(Array(3).fill('binding_missing'))
    expect(await codesOf(verifier, beside)).toEqual(Array(3).fill('binding_missing'))
    await warm(verifier)
    expect(await codesOf(verifier, async () => bearer(token))).toEqual(Array(3).fill('binding_missing'))
    expect(await codesOf(verifier, beside)).toEqual(Array(3).fill('binding_missing'))
    expect(await verifier.verify(bearer(token))).toMatchObject({
      status: 401,
      headers: {
        'WWW-Authenticate': expect.stringMatching(
          /^Bearer realm="api", error="invalid_token".*, DPoP realm="api", algs="/,
        ),
      },
    })
  })

  it('is refused where it comes without a request', async () => {
    const verifier = verifierWith()
    await warm(verifier)
    await expect(verifier.verifyToken(token)).rejects.toMatchObject({ code: 'binding_missing' })
    expect(() => verifier.recall(token)).toThrow(expect.objectContaining({ code: 'binding_missing' }))
  })

  it('is refused from a cookie', async () => {
    const verifier = verifierWith({ credentials: ['authorization', { cookie: 'at' }] })
    const { dpop } = await holder.present(token, { url: `${publicUrl}/orders` })
    const request = { method: 'GET', url: '/orders', headers: { cookie: `at=${token}`, dpop } }
    expect(await codeOf(verifier, request)).toBe('binding_missing')
  })
})

describe('R-9449-14: the scheme DPoP', () => {
  it('asks for a proof, cold and from the cache', async () => {
    const verifier = verifierWith()
    const bare = async () => ({ method: 'GET', url: '/orders', headers: { authorization: `DPoP ${token}` } })
    expect(await codesOf(verifier, bare)).toEqual(Array(3).fill('proof_invalid'))
    await warm(verifier)
    expect(await codesOf(verifier, bare)).toEqual(Array(3).fill('proof_invalid'))
  })

  it('asks for a token that is bound to a key', async () => {
    const unbound = await idp.issue()
    expect(await codeOf(verifierWith(), await proven({ of: unbound }))).toBe('binding_missing')
  })

  it('is not taken from a thief with a proof of his own, cold and from the cache', async () => {
    const verifier = verifierWith()
    const stolen = () => proven({ by: thief })
    expect(await codesOf(verifier, stolen)).toEqual(Array(3).fill('binding_mismatch'))
    await warm(verifier)
    expect(await codesOf(verifier, stolen)).toEqual(Array(3).fill('binding_mismatch'))
  })

  it('is case-insensitive', async () => {
    const { authorization, dpop } = await holder.present(token, { url: `${publicUrl}/orders` })
    const headers = { authorization: authorization.replace('DPoP', 'dpop  '), dpop }
    expect(await codeOf(verifierWith(), { method: 'GET', url: '/orders', headers })).toBe('allowed')
  })

  it('R-9449-1: beside another Authorization line is one credential too many, told in both schemes', async () => {
    const { authorization, dpop } = await holder.present(token, { url: `${publicUrl}/orders` })
    const rawHeaders = ['Authorization', authorization, 'Authorization', `Bearer ${token}`, 'DPoP', dpop]
    const decision = await verifierWith().verify({ method: 'GET', url: '/orders', headers: {}, rawHeaders })
    expect(decision).toMatchObject({ code: 'credential_ambiguous', status: 400 })
    const challenge = decision.allowed ? '' : decision.headers['WWW-Authenticate']
    expect(challenge).toMatch(/^Bearer .*error="invalid_request".*, DPoP .*error="invalid_request"/)
  })
})

describe('R-9449-13: a proof', () => {
  it('is used once', async () => {
    const verifier = verifierWith()
    const request = await proven()
    expect(await codeOf(verifier, request)).toBe('allowed')
    expect(await codeOf(verifier, request)).toBe('proof_replayed')
    expect(await codeOf(verifierWith(), request)).toBe('proof_replayed') // they share the state
    expect(await codeOf(verifierWith({ state: createMemoryState({ clock }) }), request)).toBe('allowed')
  })

  it('is used once by many at the same moment', async () => {
    const verifier = verifierWith()
    await warm(verifier)
    const request = await proven()
    const codes = await Promise.all(Array.from({ length: 50 }, () => codeOf(verifier, { ...request })))
    expect(codes.filter((code) => code === 'allowed')).toHaveLength(1)
    expect(new Set(codes)).toEqual(new Set(['allowed', 'proof_replayed']))
  })

  it('of another holder with the same jti is another one', async () => {
    const verifier = verifierWith()
    const parts = { claims: { jti: 'one' } }
    const other = await idp.issue({ cnf: thief.confirmation })
    expect(await codeOf(verifier, await proven({ parts }))).toBe('allowed')
    expect(await codeOf(verifier, await proven({ parts, by: thief, of: other }))).toBe('allowed')
    expect(await codeOf(verifier, await proven({ parts }))).toBe('proof_replayed')
  })

  it('R-9449-20: that is refused is not used up', async () => {
    const verifier = verifierWith()
    const request = await proven()
    expect(await codeOf(verifier, { ...request, method: 'POST' })).toBe('proof_invalid')
    expect(await codeOf(verifier, { ...request, url: '/other' })).toBe('proof_invalid')
    await state.revoke({ jti: 'nobody' })
    expect(await codeOf(verifier, request)).toBe('allowed')
  })

  it('R-9449-20: is not used up by a token that does not pass', async () => {
    let isAway = true
    const subjects = {
      exists: () => {
        if (isAway) throw new Error('away')
        return true
      },
    }
    const verifier = verifierWith({ subjects })
    const request = await proven()
    expect(await codeOf(verifier, request)).toBe('subject_unavailable')
    isAway = false
    clock.advance(2)
    expect(await codeOf(verifier, request)).toBe('allowed')
  })

  it('is not believed where nobody can tell whether it was used, and that is not the fault of the holder', async () => {
    await state.close()
    const decision = await verifierWith().verify(await proven())
    expect(decision).toMatchObject({ status: 503, code: 'state_unavailable' })
  })

  it('is not used up by an explanation, which knows what was refused', async () => {
    const verifier = verifierWith()
    const request = await proven()
    expect(await verifier.explain(request)).toMatchObject({ allowed: true })
    expect(await codeOf(verifier, request)).toBe('allowed')
    expect(await codeOf(verifier, request)).toBe('proof_replayed')
    expect(await verifier.explain(request)).toMatchObject({ allowed: false, code: 'proof_replayed' })
  })
})

describe('a request that is judged more than once', () => {
  it('uses its proof up once, by what stands for it', async () => {
    const verifier = verifierWith()
    const identity = {}
    const request = await proven({ identity })
    const codes = await Promise.all([codeOf(verifier, request), codeOf(verifier, { ...request })])
    expect(codes).toEqual(['allowed', 'allowed'])
    expect(await codeOf(verifier, { ...request, identity: {} })).toBe('proof_replayed')
  })

  it('is one of Node by itself', async () => {
    const verifier = verifierWith()
    const { headers } = await proven()
    const incoming = () =>
      Object.assign(new IncomingMessage(new Socket()), {
        method: 'GET',
        url: '/orders',
        rawHeaders: Object.entries(headers).flat() as string[],
      })
    const request = incoming()
    expect(await codeOf(verifier, request)).toBe('allowed')
    expect(await codeOf(verifier, request)).toBe('allowed')
    expect(await codeOf(verifier, incoming())).toBe('proof_replayed')
  })

  it('stays good when its proof has become old, and not with another one', async () => {
    const verifier = verifierWith()
    const identity = {}
    const request = await proven({ identity })
    expect(await codeOf(verifier, request)).toBe('allowed')
    clock.advance(120)
    expect(await codeOf(verifier, request)).toBe('allowed')
    const { headers } = await proven({ parts: { claims: { iat: noon } } })
    expect(await codeOf(verifier, { ...request, headers })).toBe('proof_invalid')
    const stranger = await proven({ by: thief, identity })
    expect(await codeOf(verifier, stranger)).toBe('binding_mismatch')
  })

  it('is refused again where its proof had been used before', async () => {
    const verifier = verifierWith()
    const request = await proven()
    expect(await codeOf(verifier, request)).toBe('allowed')
    const again = { ...request, identity: {} }
    expect(await codeOf(verifier, again)).toBe('proof_replayed')
    expect(await codeOf(verifier, again)).toBe('proof_replayed')
  })

  it('may be tried again after an outage', async () => {
    let isAway = true
    const { replays } = state
    Object.assign(state, {
      replays: {
        useOnce: (...args: Parameters<typeof replays.useOnce>) =>
          isAway ? Promise.reject(Object.assign(new Error('away'))) : replays.useOnce(...args),
      },
    })
    const verifier = verifierWith()
    const request = await proven({ identity: {} })
    await expect(verifier.verify(request)).rejects.toThrow('away')
    isAway = false
    expect(await codeOf(verifier, request)).toBe('allowed')
  })

  it('keeps a connection open, until its token is taken back', async () => {
    const verifier = verifierWith()
    const request = await proven({ identity: {} })
    expect(await codeOf(verifier, request)).toBe('allowed')
    const ended = new Promise<string | undefined>((resolve) => {
      verifier.watch(
        () => verifier.verify(request),
        (denied) => resolve(denied?.code),
      )
    })
    clock.advance(90)
    await verifier.revoke({ subject: 'user-1', before: noon + 1 })
    expect(await ended).toBe('token_revoked')
    await verifier.close()
  })
})

describe('R-9449-9: nonces', () => {
  const dpopProofs = { nonces: { secret: 'n'.repeat(32), lifetimeSeconds: 100 } }

  it('R-9449-9, R-9449-19: are handed out where a proof has none, exactly one, and not to be cached', async () => {
    const verifier = verifierWith({ dpopProofs })
    const decision = await verifier.verify(await proven())
    expect(decision).toMatchObject({ allowed: false, status: 401, code: 'proof_nonce_required' })
    if (decision.allowed) throw new Error('passed')
    expect(decision.headers).toMatchObject({
      'WWW-Authenticate': expect.stringMatching(/^DPoP realm="api", error="use_dpop_nonce"/),
      'Cache-Control': 'no-store', // R-9449-19
      'DPoP-Nonce': expect.stringMatching(/^[\w-]+$/),
    })
    const nonce = decision.headers['DPoP-Nonce']
    const again = await proven({ parts: { claims: { nonce } } })
    expect(await codeOf(verifier, again)).toBe('allowed')
    expect(await codeOf(verifierWith({ dpopProofs, state: createMemoryState({ clock }) }), again)).toBe('allowed') // another node
  })

  it('are handed out with an answer before the old one ends', async () => {
    const verifier = verifierWith({ dpopProofs })
    const refused = await verifier.verify(await proven())
    const nonce = refused.allowed ? '' : refused.headers['DPoP-Nonce']
    const withNonce = () => proven({ parts: { claims: { nonce } } })
    expect('headers' in (await verifier.verify(await withNonce()))).toBe(false)
    clock.advance(51)
    expect(await verifier.verify(await withNonce())).toMatchObject({
      allowed: true,
      headers: { 'DPoP-Nonce': expect.not.stringMatching(nonce ?? ''), 'Cache-Control': 'no-store' },
    })
    clock.advance(79)
    expect(await codeOf(verifier, await withNonce())).toBe('proof_nonce_required')
  })

  it('are handed out with no other refusal', async () => {
    const decision = await verifierWith({ dpopProofs }).verify(bearer(token))
    expect(decision).toMatchObject({
      code: 'binding_missing',
      headers: expect.not.objectContaining({ 'DPoP-Nonce': expect.anything() }),
    })
  })

  it('are not asked for where they are not handed out', async () => {
    const { headers } = (await verifierWith().verify(bearer(token))) as { headers: object }
    expect(headers).not.toHaveProperty('DPoP-Nonce')
  })
})

describe('`dpop` of an issuer', () => {
  it("is 'supported' where it is known for which URL proofs are made: others pass as they are", async () => {
    const verifier = verifierWith()
    expect(await codeOf(verifier, bearer(await idp.issue()))).toBe('allowed')
    expect(await codeOf(verifier, await proven())).toBe('allowed')
  })

  it("'required' lets nobody pass with a token that is bound to nobody, cold and from the cache", async () => {
    const verifier = verifierWith({ dpop: 'required' })
    const unbound = await idp.issue()
    expect(await codesOf(verifier, async () => bearer(unbound))).toEqual(Array(3).fill('binding_missing'))
    expect(await codesOf(verifier, () => proven({ of: unbound }))).toEqual(Array(3).fill('binding_missing'))
    await warm(verifier)
    const decision = await verifier.verify({ headers: {} })
    expect(decision).toMatchObject({
      headers: { 'WWW-Authenticate': expect.stringMatching(/^DPoP realm="api", algs="[\w -]+"$/) },
    })
  })

  it("'off', and by default without `publicUrl`, refuses bound tokens and does not speak the scheme", async () => {
    for (const verifier of [verifierWith({ dpop: 'off' }), verifierWith({ publicUrl: undefined } as never)]) {
      expect(await codeOf(verifier, bearer(token))).toBe('binding_missing')
      expect(await codeOf(verifier, await proven())).toBe('credential_missing')
      const decision = await verifier.verify({ headers: {} })
      expect(decision).toMatchObject({ headers: { 'WWW-Authenticate': 'Bearer realm="api"' } })
    }
  })

  it('is that of the issuer of the token', async () => {
    const other = await createTestIssuer({ clock })
    const of = (each: typeof idp, dpop: 'required' | 'off') => ({
      issuer: each.issuer,
      audience: each.audience,
      jwks: each.jwks,
      dpop,
    })
    const verifier = createVerifier({ issuers: [of(idp, 'required'), of(other, 'off')], publicUrl, state, clock })
    const strange = await other.issue({ cnf: holder.confirmation })
    expect(await codeOf(verifier, await proven())).toBe('allowed')
    expect(await codeOf(verifier, bearer(await idp.issue()))).toBe('binding_missing')
    expect(await codeOf(verifier, bearer(await other.issue()))).toBe('allowed')
    expect(await codeOf(verifier, await proven({ of: strange }))).toBe('binding_missing')
    await other.close()
  })

  it.each<[object, RegExp]>([
    [{ dpop: 'supported', publicUrl: undefined }, /`publicUrl`/],
    [{ dpop: 'required', publicUrl: undefined }, /`publicUrl`/],
    [{ dpop: 'maybe' }, /required, supported, off/],
    [{ dpop: true }, /required, supported, off/],
    [{ dpopProofs: {}, publicUrl: undefined }, /`publicUrl`/],
    [{ dpopProofs: null }, /`dpopProofs`/],
    [{ dpopProofs: { maxAgeSecond: 1 } }, /did you mean `maxAgeSeconds`/],
    [{ dpopProofs: { maxAgeSeconds: 0 } }, /1 to 600/],
    [{ dpopProofs: { maxAgeSeconds: 601 } }, /1 to 600/],
    [{ dpopProofs: { clockToleranceSeconds: 301 } }, /0 to 300/],
    [{ dpopProofs: { algorithms: [] } }, /algorithms/],
    [{ dpopProofs: { algorithms: ['HS256'] } }, /not asymmetric/],
    [{ dpopProofs: { algorithms: ['none'] } }, /does not exist/],
    [{ dpopProofs: { nonces: true } }, /`dpopProofs.nonces`/],
    [{ dpopProofs: { nonces: {} } }, /32 bytes/],
    [{ dpopProofs: { nonces: { secret: 's'.repeat(31) } } }, /32 bytes/],
    [{ dpopProofs: { nonces: { secret: [] } } }, /32 bytes/],
    [{ dpopProofs: { nonces: { secret: ['s'.repeat(32), ''] } } }, /32 bytes/],
    [{ dpopProofs: { nonces: { secret: Buffer.alloc(31) } } }, /32 bytes/],
    [{ dpopProofs: { nonces: { secret: 's'.repeat(32), lifetimeSeconds: 9 } } }, /10 to 3600/],
    [{ publicUrl: 'api.example.com' }, /`publicUrl`/],
    [{ publicUrl: 'forwarded' }, /`trustedProxies`/],
  ])('%j does not build', (options, message) => {
    expect(() => verifierWith(options as never)).toThrow(
      expect.objectContaining({ name: 'ConfigurationError', message: expect.stringMatching(message) }),
    )
  })
})

describe('R-8705-2: a token that is bound to a certificate', () => {
  const [own, foreign] = [createTestCertificate({ subject: 'ann' }), createTestCertificate({ subject: 'bob' })]
  const bound = { 'x5t#S256': certificateThumbprint(own.der) }
  const shows = ({ der }: { readonly der: Buffer }) => ({ socket: { getPeerX509Certificate: () => ({ raw: der }) } })
  const withTls = () => verifierWith({ clientCertificate: 'tls' })

  it('passes with that certificate and no other, cold and from the cache', async () => {
    const verifier = withTls()
    const ofCertificate = await idp.issue({ cnf: bound })
    const ask = (connection: object) => codesOf(verifier, async () => ({ ...bearer(ofCertificate), ...connection }))
    expect(await ask({})).toEqual(Array(3).fill('binding_missing'))
    expect(await ask(shows(foreign))).toEqual(Array(3).fill('binding_mismatch'))
    expect(await ask(shows(own))).toEqual(Array(3).fill('allowed'))
    expect(await ask({})).toEqual(Array(3).fill('binding_missing'))
    expect(await ask(shows(foreign))).toEqual(Array(3).fill('binding_mismatch'))
    const request = { ...bearer(ofCertificate), ...shows(own) }
    expect(await verifier.verify(request, boundBy('mtls'))).toMatchObject({ allowed: true, auth: { binding: 'mtls' } })
    expect(verifier.decide(request)).not.toBeInstanceOf(Promise) // there is nothing to wait for
  })

  it('is refused where no certificate is looked at, and without a request', async () => {
    const ofCertificate = await idp.issue({ cnf: bound })
    expect(await codeOf(verifierWith(), { ...bearer(ofCertificate), ...shows(own) })).toBe('binding_missing')
    await expect(withTls().verifyToken(ofCertificate)).rejects.toMatchObject({ code: 'binding_missing' })
  })

  it('R-8705-4: needs the proof as well, where it is bound to a key, too', async () => {
    const verifier = withTls()
    const ofBoth = await idp.issue({ cnf: { ...bound, ...holder.confirmation } })
    const proof = () => proven({ of: ofBoth })
    expect(await codeOf(verifier, { ...(await proof()), ...shows(own) })).toBe('allowed')
    expect(await codeOf(verifier, { ...(await proof()), ...shows(foreign) })).toBe('binding_mismatch')
    expect(await codeOf(verifier, await proof())).toBe('binding_missing')
    expect(await codeOf(verifier, { ...bearer(ofBoth), ...shows(own) })).toBe('binding_missing')
    expect(await codeOf(verifier, { ...(await proven({ of: ofBoth, by: thief })), ...shows(own) })).toBe(
      'binding_mismatch',
    )
  })

  it('is no token that is bound to a key', async () => {
    const ofCertificate = await idp.issue({ cnf: bound })
    const underDpop = { ...(await proven({ of: ofCertificate })), ...shows(own) }
    expect(await codeOf(withTls(), underDpop)).toBe('binding_missing')
    const strict = verifierWith({ clientCertificate: 'tls', dpop: 'required' })
    expect(await codeOf(strict, { ...bearer(ofCertificate), ...shows(own) })).toBe('binding_missing')
  })
})

describe('R-9449-8: behind a proxy', () => {
  it('a proof is made for what the trusted proxy has seen, and Host says nothing', async () => {
    const verifier = verifierWith({ publicUrl: 'forwarded', trustedProxies: ['10.0.0.0/8'] })
    const ask = async (lines: object, remoteAddress: string) => {
      const request = await proven()
      return codeOf(verifier, { ...request, headers: { ...request.headers, ...lines }, remoteAddress })
    }
    const told = { 'x-forwarded-proto': 'https', 'x-forwarded-host': 'api.example.com', host: 'internal:3000' }
    expect(await ask(told, '10.1.1.1')).toBe('allowed')
    expect(await ask(told, '192.0.2.1')).toBe('proof_invalid')
    expect(await ask({ ...told, 'x-forwarded-host': 'evil.example' }, '10.1.1.1')).toBe('proof_invalid')
    expect(await ask({ host: 'api.example.com' }, '10.1.1.1')).toBe('proof_invalid')
  })
})
