// Opaque tokens, seen from a request: who is asked, what passes, and what a hostile endpoint can and cannot do.
import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import type { ServerResponse } from 'node:http'
import { afterAll, afterEach, beforeEach, describe, expect, it } from 'vitest'
import { createTestCertificate } from '../../../test/fixtures/der-certificates.js'
import { answerJson, startIntrospectionEndpoint } from '../../../test/fixtures/introspection-endpoint.js'
import type { IntrospectionEvent } from './events.js'
import type { IntrospectionOptions } from './introspection-options.js'
import { certificateThumbprint } from './jose/certificate.js'
import { scope } from './policy/words.js'
import { createMemoryState } from './state/memory-state.js'
import { createTestClock, createTestHolder, createTestIssuer, createTestKey } from './testing.js'
import { createVerifier, type Verifier } from './verifier.js'
import type { VerifierOptions } from './verifier-options.js'

const clock = createTestClock()
const now = clock()
const idp = await createTestIssuer({ clock })
const endpoint = await startIntrospectionEndpoint()
afterAll(() => Promise.all([idp.close(), endpoint.close()]))

const { issuer, audience, jwks } = idp
const good = { iss: issuer, aud: audience, exp: now + 600, sub: 'ann', scope: 'read:orders', token_type: 'Bearer' }
/** A busy machine is no slow issuer. */
const client = { clientId: 'api', clientSecret: 'secret', timeoutSeconds: 20 }

let opened: Verifier<unknown>[] = []
beforeEach(() => {
  clock.set(now)
  endpoint.behave = 'well'
  endpoint.asked.length = 0
  endpoint.tokens.clear()
  endpoint.tokens.set('opaque', good)
})
afterEach(async () => {
  for (const each of opened) await each.close()
  opened = []
})

function build(introspection: Partial<IntrospectionOptions> = {}, more: Partial<VerifierOptions> = {}) {
  const settings = { ...client, endpoint: endpoint.url, ...introspection }
  const options = { issuer, audience, jwks, clock, introspection: settings, ...more } as VerifierOptions
  const verifier = createVerifier(options) as Verifier
  opened.push(verifier)
  return verifier
}

const bearer = (token = 'opaque') => ({ headers: { authorization: `Bearer ${token}` } })

/** The code of a refusal, or that it passes. */
async function codeOf(verifier: Verifier, token = 'opaque'): Promise<string> {
  const decision = await verifier.verify(bearer(token))
  return decision.allowed ? 'passes' : decision.code
}

describe('an opaque token', () => {
  it('that its issuer calls active passes, and says what a JWT would', async () => {
    const decision = await build().verify(bearer(), scope('read:orders'))
    expect(decision).toMatchObject({
      allowed: true,
      auth: { issuer, subject: 'ann', scopes: ['read:orders'], expiresAt: now + 600 },
      validUntil: now + 600,
    })
    const [question] = endpoint.asked
    expect(question?.headers).toMatchObject({
      accept: 'application/json',
      authorization: `Basic ${Buffer.from('api:secret').toString('base64')}`,
      'content-type': 'application/x-www-form-urlencoded',
    })
    expect(Object.fromEntries(question?.form ?? [])).toEqual({ token: 'opaque', token_type_hint: 'access_token' })
  })

  it('is asked about once, and answered at once from then on', async () => {
    const verifier = build()
    await Promise.all(Array.from({ length: 20 }, () => verifier.verify(bearer())))
    expect(verifier.decide(bearer())).not.toBeInstanceOf(Promise)
    expect(verifier.recall('opaque')).toMatchObject({ subject: 'ann' })
    expect(endpoint.asked).toHaveLength(1)
  })

  it('that is not active is refused with 401', async () => {
    const decision = await build().verify(bearer('unknown'))
    expect(decision).toMatchObject({ allowed: false, code: 'token_inactive', status: 401 })
    expect(decision.allowed || decision.headers['WWW-Authenticate']).toContain('error="invalid_token"')
  })

  it('is malformed where no issuer answers questions', async () => {
    const verifier = createVerifier({ issuer, audience, jwks, clock })
    opened.push(verifier)
    expect(await codeOf(verifier)).toBe('token_malformed')
  })

  it('that is too long, or no token, is shown to nobody', async () => {
    const verifier = build({}, { maxTokenBytes: 100 })
    expect(await codeOf(verifier, 'x'.repeat(101))).toBe('token_malformed')
    for (const token of ['', 'ä', 'a\nb'])
      await expect(verifier.verifyToken(token)).rejects.toMatchObject({ code: 'token_malformed' })
    expect(endpoint.asked).toEqual([])
    expect(await codeOf(verifier, 'x'.repeat(100))).toBe('token_inactive')
  })

  it('passes beside JWTs, which are shown to nobody', async () => {
    const verifier = build()
    const token = await idp.issue()
    const stranger = await createTestKey('ES256', idp.key.kid)
    expect(await codeOf(verifier, token)).toBe('passes')
    expect(await codeOf(verifier, await idp.issue({}, { key: stranger }))).toBe('signature_invalid')
    expect(await codeOf(verifier, await idp.issue({ iss: 'https://other.example.com' }))).toBe('issuer_untrusted')
    expect(await codeOf(verifier, token.slice(0, token.lastIndexOf('.')))).toBe('token_malformed')
    expect(endpoint.asked).toEqual([])
  })

  it('is judged by the schema of the application, again after every question', async () => {
    const claims = {
      '~standard': {
        version: 1 as const,
        vendor: 'test',
        validate: (value: unknown) =>
          (value as { tenant?: string }).tenant === undefined
            ? { issues: [{ message: 'no tenant', path: ['tenant'] }] }
            : { value: { tenant: 'of the schema' } },
      },
    }
    const verifier = build({}, { claims })
    expect(await codeOf(verifier)).toBe('claim_invalid')
    expect(await codeOf(verifier)).toBe('claim_invalid')
    endpoint.tokens.set('second', { ...good, tenant: 't' })
    for (let sight = 0; sight < 2; sight++)
      expect(await verifier.verify(bearer('second'))).toMatchObject({ auth: { claims: { tenant: 'of the schema' } } })
  })

  it('is found through the metadata of its issuer', async () => {
    const fetched: string[] = []
    const documents = { issuer, introspection_endpoint: endpoint.url }
    const verifier = build({ endpoint: undefined } as object, {
      fetch: async (url, init) => {
        fetched.push(url)
        return url.includes('/.well-known/') ? Response.json(documents) : fetch(url, init)
      },
    })
    const metadata = `${issuer}/.well-known/openid-configuration`
    const asked = async (token: string): Promise<readonly string[]> => {
      fetched.length = 0
      await codeOf(verifier, token)
      return fetched.toSorted()
    }
    expect(await asked('opaque')).toEqual([metadata, endpoint.url].toSorted())
    expect(await asked('second')).toEqual([endpoint.url])
    // What was answered says nothing of where the endpoint is; what is gone or away may be elsewhere by now.
    for (const [status, isForgotten] of [
      [400, false],
      [404, true],
      [503, true],
    ] as const) {
      endpoint.behave = (response) => answerJson(response, {}, status)
      await asked(`t${status}`)
      endpoint.behave = 'well'
      expect((await asked(`u${status}`)).length).toBe(isForgotten ? 2 : 1)
    }
  })
})

describe('every hit of the cache', () => {
  it('asks what was revoked', async () => {
    const state = createMemoryState({ clock })
    const verifier = build({}, { state })
    expect(await codeOf(verifier)).toBe('passes')
    await state.revoke({ subject: 'ann', issuer })
    expect(await codeOf(verifier)).toBe('token_revoked')
    expect(endpoint.asked).toHaveLength(1)
    await state.close()
  })

  it('asks the policy', async () => {
    const verifier = build()
    expect(await verifier.verify(bearer(), scope('read:orders'))).toMatchObject({ allowed: true })
    expect(await verifier.verify(bearer(), scope('write:orders'))).toMatchObject({ code: 'scope_insufficient' })
  })

  it('serves no longer than the options say: a token that was taken back there passes no more', async () => {
    const verifier = build({ lifetimeSeconds: 30 })
    expect(await codeOf(verifier)).toBe('passes')
    endpoint.tokens.clear()
    clock.advance(29.9)
    expect(await codeOf(verifier)).toBe('passes')
    clock.advance(0.1)
    expect(await codeOf(verifier)).toBe('token_inactive')
  })

  it('serves nothing that has expired, whatever the issuer says', async () => {
    endpoint.tokens.set('opaque', { ...good, exp: now + 10 })
    const verifier = build()
    expect(await codeOf(verifier)).toBe('passes')
    clock.advance(40)
    expect(await codeOf(verifier)).toBe('token_expired')
  })

  it('serves nothing that has grown too old, nor before it begins, by the rules of the options', async () => {
    endpoint.tokens.set('opaque', { ...good, iat: now })
    const verifier = build({}, { maxTokenAgeSeconds: 5, clockToleranceSeconds: 0 } as object)
    expect(await codeOf(verifier)).toBe('passes')
    clock.advance(4.9)
    expect(await codeOf(verifier)).toBe('passes')
    clock.advance(0.1)
    expect(await codeOf(verifier)).toBe('token_too_old')
    clock.set(now - 1)
    expect(await codeOf(verifier)).toBe('token_not_active')
    expect(endpoint.asked).toHaveLength(1)
  })

  it('that is refused is asked about once: a token for others is no way to have the issuer asked', async () => {
    endpoint.tokens.set('opaque', { ...good, aud: 'https://other.example.com' })
    const verifier = build()
    for (let sight = 0; sight < 3; sight++) expect(await codeOf(verifier)).toBe('audience_mismatch')
    expect(endpoint.asked).toHaveLength(1)
  })

  it('is shared by those who share a state and ask alike, and by no others', async () => {
    const state = createMemoryState({ clock })
    await codeOf(build({}, { state }))
    expect(await codeOf(build({}, { state }))).toBe('passes')
    expect(endpoint.asked).toHaveLength(1)
    await codeOf(build({ clientId: 'other' }, { state }))
    expect(endpoint.asked).toHaveLength(2)
    await codeOf(build({ signed: true }, { state }))
    expect(endpoint.asked).toHaveLength(3)
    await codeOf(build({}, { state, issuer: 'https://other.example.com' } as object))
    expect(endpoint.asked).toHaveLength(4)
    await state.close()
  })
})

describe('the holder of an opaque token', async () => {
  const holder = await createTestHolder({ clock })
  const url = 'https://api.example.com/orders'
  const publicUrl = 'https://api.example.com'
  const request = async (headers: object | Promise<object>) => ({
    method: 'GET',
    url: '/orders',
    headers: { ...(await headers) } as Record<string, string>,
  })
  beforeEach(() => {
    endpoint.tokens.set('bound', { ...good, token_type: 'DPoP', cnf: holder.confirmation })
  })

  it('R-9449-17: passes with the proof, and never without, cold and from the cache', async () => {
    for (const isCold of [true, false]) {
      const verifier = build({}, { publicUrl })
      if (!isCold) await verifier.verify(await request(holder.present('bound', { url })))
      const decide = async (headers: object | Promise<object>) => {
        const decision = await verifier.verify(await request(headers))
        return decision.allowed ? decision.auth.binding : decision.code
      }
      const proof = await holder.prove('bound', { url })
      expect(await decide({ authorization: 'Bearer bound' })).toBe('binding_missing')
      expect(await decide({ authorization: 'Bearer bound', dpop: proof })).toBe('binding_missing')
      expect(await decide({ authorization: 'DPoP bound' })).toBe('proof_invalid')
      expect(
        await decide(holder.present('another', { url }).then(({ dpop }) => ({ authorization: 'DPoP bound', dpop }))),
      ).toBe('proof_invalid')
      expect(await decide(holder.present('bound', { url }))).toBe('dpop')
    }
  })

  it('R-9449-17: an answer of DPoP without its key is refused, and so is a key with another type', async () => {
    const verifier = build({}, { publicUrl })
    endpoint.tokens.set('bound', { ...good, token_type: 'DPoP' })
    endpoint.tokens.set('lying', { ...good, cnf: holder.confirmation })
    expect(await codeOf(verifier, 'bound')).toBe('binding_missing')
    expect(await verifier.verify(await request(holder.present('bound', { url })))).toMatchObject({
      code: 'binding_missing',
    })
    expect(await verifier.verify(await request(holder.present('lying', { url })))).toMatchObject({
      code: 'claim_invalid',
    })
  })

  it('R-8705-2: one bound to a certificate passes with it, and is refused without it (§3.2)', async () => {
    const [ann, bob] = [createTestCertificate({ subject: 'ann' }), createTestCertificate({ subject: 'bob' })]
    endpoint.tokens.set('bound', { ...good, cnf: { 'x5t#S256': certificateThumbprint(ann.der) } })
    const verifier = build({}, { clientCertificate: 'tls' })
    for (let sight = 0; sight < 2; sight++) {
      const shows = async (raw: Buffer) =>
        verifier.verify({ ...bearer('bound'), socket: { getPeerX509Certificate: () => ({ raw }) } })
      expect(await codeOf(verifier, 'bound')).toBe('binding_missing')
      expect(await shows(bob.der)).toMatchObject({ code: 'binding_mismatch' })
      expect(await shows(ann.der)).toMatchObject({ auth: { binding: 'mtls' } })
    }
  })

  it('an unbound one is refused as one that is, and where the issuer binds its tokens', async () => {
    const verifier = build({}, { publicUrl })
    expect(await verifier.verify(await request(holder.present('opaque', { url })))).toMatchObject({
      code: 'binding_missing',
    })
    expect(await codeOf(build({}, { publicUrl, dpop: 'required' } as object))).toBe('binding_missing')
  })
})

describe('an endpoint that fails', () => {
  const typed = (type: string, body: string) => (response: ServerResponse) => {
    response.writeHead(200, { 'content-type': type }).end(body)
  }
  const active = JSON.stringify({ active: true, ...good })

  it.each<[string, (response: ServerResponse) => void]>([
    ['does not know us', (response) => answerJson(response, { error: 'invalid_client' }, 401)],
    ['does not allow us', (response) => answerJson(response, { error: 'access_denied' }, 403)],
    ['refuses the question', (response) => answerJson(response, { error: 'invalid_request' }, 400)],
    ['is ill', (response) => answerJson(response, { active: true, ...good }, 500)],
    ['says yes with another status', (response) => answerJson(response, { active: true, ...good }, 203)],
    ['answers with a page', typed('text/html', '<p>active</p>')],
    ['answers with another type', typed('text/plain', active)],
    ['answers with half of it', typed('application/json', active.slice(0, -1))],
    ['answers with an array', typed('application/json', `[${active}]`)],
    ['says two things', typed('application/json', '{"active":false,"active":true}')],
    ['answers too much', typed('application/json', `${active}${' '.repeat(65_536)}`)],
    [
      'answers without an end',
      (response) => {
        response.writeHead(200, { 'content-type': 'application/json' })
        const more = (): void => void response.write(' '.repeat(65_536), (error) => error ?? more())
        more()
      },
    ],
    ['leads elsewhere', (response) => response.writeHead(307, { location: endpoint.url }).end()],
    ['hangs up', (response) => response.socket?.destroy()],
    [
      'hangs up in the middle',
      (response) => {
        response.writeHead(200, { 'content-type': 'application/json', 'content-length': '1000' })
        response.write(active, () => response.socket?.destroy())
      },
    ],
  ])('%s: 503 with Retry-After, and the next question is asked again', async (_, behave) => {
    const verifier = build()
    endpoint.behave = behave
    expect(await verifier.verify(bearer())).toMatchObject({
      allowed: false,
      code: 'introspection_unavailable',
      status: 503,
      headers: { 'Retry-After': '1' },
    })
    expect(endpoint.asked).toHaveLength(1)
    endpoint.behave = 'well'
    expect(await codeOf(verifier)).toBe('passes')
  })

  it.each(['application/json; charset=utf-8', 'Application/JSON', 'application/json ;charset="utf-8"'])(
    'does not fail where it answers with %s',
    async (type) => {
      endpoint.behave = typed(type, active)
      expect(await codeOf(build())).toBe('passes')
    },
  )

  it('never answers: 503 after the deadline', async () => {
    const verifier = build({ timeoutSeconds: 0.05 })
    endpoint.behave = 'never'
    expect(await codeOf(verifier)).toBe('introspection_unavailable')
  })

  it('is not there: 503', async () => {
    const gone = await startIntrospectionEndpoint()
    await gone.close()
    expect(await codeOf(build({ endpoint: gone.url }))).toBe('introspection_unavailable')
  })

  it.each([['true'], [1], [{}], [null]])('R-7662-2: says %j for active, which is not', async (active) => {
    endpoint.behave = (response) => answerJson(response, { ...good, active })
    expect(await codeOf(build())).toBe('token_inactive')
  })

  it('lets known tokens pass, and JWTs, and is left alone for a moment', async () => {
    const heard: IntrospectionEvent[] = []
    const listen = (event: unknown) => void heard.push(event as IntrospectionEvent)
    subscribe('sallyport:introspection', listen)
    const verifier = build()
    expect(await codeOf(verifier)).toBe('passes')
    endpoint.behave = (response) => answerJson(response, {}, 503)
    for (let each = 0; each < 9; each++) expect(await codeOf(verifier, `t${each}`)).toBe('introspection_unavailable')
    // A busy machine may take longer for the last four than the pause does, and then one of them is a trial.
    expect(endpoint.asked.length).toBeGreaterThanOrEqual(1 + 5)
    expect(endpoint.asked.length).toBeLessThan(1 + 9)
    expect(await codeOf(verifier)).toBe('passes')
    expect(await codeOf(verifier, await idp.issue())).toBe('passes')
    unsubscribe('sallyport:introspection', listen)
    const outcomes = heard.map(({ outcome }) => outcome)
    expect(outcomes.filter((outcome) => outcome === 'failed' || outcome === 'refused')).toHaveLength(9)
    expect(outcomes).toEqual(expect.arrayContaining(['failed', 'refused', 'paused']))
    expect(heard.every((event) => event.issuer === issuer && event.reason !== '')).toBe(true)
    expect(JSON.stringify(heard)).not.toMatch(/"t\d|secret|opaque/)
  })

  it.each([400, 401, 403, 404, 200])(
    'answers %d to what somebody has made up: others are asked about all the same',
    async (status) => {
      const verifier = build()
      endpoint.behave = (response, token) =>
        token === 'opaque' ? answerJson(response, { active: true, ...good }) : response.writeHead(status).end()
      for (let each = 0; each < 9; each++) expect(await codeOf(verifier, `t${each}`)).toBe('introspection_unavailable')
      expect(endpoint.asked).toHaveLength(9)
      expect(await codeOf(verifier)).toBe('passes')
    },
  )

  it.each<[string, (response: ServerResponse) => void]>([
    ['no JSON', typed('application/json', active.slice(0, -1))],
    ['an array', (response) => answerJson(response, [])],
  ])('answers %s to what somebody has made up: others are asked about all the same', async (_, behave) => {
    const verifier = build()
    endpoint.behave = (response, token) =>
      token === 'opaque' ? answerJson(response, { active: true, ...good }) : behave(response)
    for (let each = 0; each < 9; each++) expect(await codeOf(verifier, `t${each}`)).toBe('introspection_unavailable')
    expect(endpoint.asked).toHaveLength(9)
    expect(await codeOf(verifier)).toBe('passes')
  })

  it('says that it has had enough: it is left alone', async () => {
    const verifier = build()
    endpoint.behave = (response) => answerJson(response, {}, 429)
    for (let each = 0; each < 9; each++) expect(await codeOf(verifier, `t${each}`)).toBe('introspection_unavailable')
    expect(endpoint.asked.length).toBeLessThan(9)
  })

  it('hangs: so many wait and no more, and JWTs are judged meanwhile', async () => {
    const verifier = build()
    endpoint.behave = 'never'
    const waiting = Array.from({ length: 64 }, (_, each) => verifier.verify(bearer(`t${each}`)))
    expect(await codeOf(verifier, 'one-more')).toBe('introspection_unavailable')
    expect(await codeOf(verifier, await idp.issue())).toBe('passes')
    await verifier.close()
    for (const decision of await Promise.all(waiting)) expect(decision).toMatchObject({ status: 503 })
  })

  it('says nothing of a token in any error', async () => {
    const verifier = build()
    endpoint.behave = (response, token) => typed('text/html', `<p>${token} ${JSON.stringify(good)}`)(response)
    const explanation = await verifier.explain(bearer('a-secret-token'))
    expect(explanation).toMatchObject({ code: 'introspection_unavailable' })
    expect(JSON.stringify(explanation)).not.toMatch(/a-secret-token|"ann"|Basic/)
  })
})

describe('RFC 9701: signed answers', () => {
  const answer = { active: true, ...good }
  const media = 'application/token-introspection+jwt'

  async function sign(claims: object = {}, header: object = {}, key = idp.key): Promise<string> {
    const payload = { iss: issuer, aud: 'api', iat: now, token_introspection: answer, ...claims }
    return key.sign(JSON.stringify(payload), { typ: 'token-introspection+jwt', ...header })
  }
  const say = (jwt: string, type = media) => {
    endpoint.behave = (response) => response.writeHead(200, { 'content-type': type }).end(jwt)
  }

  it('R-9701-1: are asked for, and pass', async () => {
    say(await sign())
    expect(await codeOf(build({ signed: true }))).toBe('passes')
    expect(endpoint.asked.map(({ headers }) => headers.accept)).toContain(media) // one of the test before may come late
    say(`${await sign()}\n`)
    expect(await codeOf(build({ signed: true }))).toBe('passes')
    say(await sign({ token_introspection: { active: false } }))
    expect(await codeOf(build({ signed: true }))).toBe('token_inactive')
  })

  it.each<[string, () => Promise<string>]>([
    ['another type', () => sign({}, { typ: 'JWT' })],
    ['no type', () => sign({}, { typ: undefined })],
    ['an access token', () => idp.issue({ token_introspection: answer, aud: 'api' })],
    ['another key', async () => sign({}, {}, await createTestKey('ES256', idp.key.kid))],
    ['an unknown key', async () => sign({}, {}, await createTestKey('ES256', 'unknown'))],
    [
      'no algorithm',
      async () => {
        const [, payload] = (await sign()).split('.')
        const header = Buffer.from('{"alg":"none","typ":"token-introspection+jwt"}').toString('base64url')
        return `${header}.${payload}.`
      },
    ],
    ['another issuer', () => sign({ iss: 'https://other.example.com' })],
    ['another client', () => sign({ aud: 'other' })],
    ['an old answer', () => sign({ iat: now - 91 })],
    ['no answer', () => sign({ token_introspection: undefined, ...answer })],
    ['no signature', async () => JSON.stringify(answer)],
  ])('R-9701-1: %s is 503, not the fault of the caller', async (_, jwt) => {
    say(await jwt())
    expect(await codeOf(build({ signed: true }))).toBe('introspection_unavailable')
  })

  it('R-9701-1: an answer that is not signed is none where one is asked for', async () => {
    expect(await codeOf(build({ signed: true }))).toBe('introspection_unavailable')
    say(JSON.stringify(answer), media)
    expect(await codeOf(build({ signed: true }))).toBe('introspection_unavailable')
  })

  it('R-9701-2: are no access tokens', async () => {
    const jwt = await sign({ aud: audience, exp: now + 600, sub: 'ann', scope: 'read:orders', client_id: 'app' })
    for (const profile of ['rfc9068', 'jwt', 'keycloak', 'auth0'] as const)
      expect(await codeOf(build({ signed: true }, { profile } as object), jwt)).toBe('token_type_rejected')
    expect(endpoint.asked).toEqual([])
  })
})

describe('an opaque token that is explained', () => {
  it('has the checks of such a token, and what the issuer has said', async () => {
    endpoint.tokens.set('opaque', { ...good, aud: 'https://other.example.com' })
    const { code, checks } = await build().explain(bearer())
    expect(code).toBe('audience_mismatch')
    expect(checks.map(({ check }) => check).slice(0, 7)).toEqual([
      'credential',
      'attempts',
      'format',
      'introspection',
      'issuer',
      'kind',
      'audience',
    ])
    expect(checks.find(({ outcome }) => outcome === 'failed')).toMatchObject({
      check: 'audience',
      expected: `"${audience}"`,
      got: '"https://other.example.com"',
    })
  })

  it('is asked about afresh', async () => {
    const verifier = build()
    expect(await codeOf(verifier)).toBe('passes')
    expect(await verifier.explain(bearer())).toMatchObject({ allowed: true })
    endpoint.tokens.clear()
    const { code, checks } = await verifier.explain(bearer())
    expect([code, checks.find(({ outcome }) => outcome === 'failed')?.check]).toEqual([
      'token_inactive',
      'introspection',
    ])
    expect(endpoint.asked).toHaveLength(3)
  })

  it('passes every check of its own', async () => {
    const { checks } = await build().explain(bearer())
    expect(checks.every(({ outcome }) => outcome === 'passed')).toBe(true)
    expect(checks.map(({ check }) => check)).toContain('introspection')
    expect(checks.map(({ check }) => check)).not.toContain('signature')
  })
})

describe('too many tokens that are not active', () => {
  it('make wait who sends them, and no one with a token that was good here', async () => {
    const options = { trustedProxies: [], failedAttempts: { limit: 3, windowSeconds: 60 } }
    const verifier = build({}, options)
    const decide = async (token: string) => {
      const decision = await verifier.verify({ ...bearer(token), remoteAddress: '192.0.2.1' })
      return decision.allowed ? 'passes' : decision.code
    }
    expect(await decide('opaque')).toBe('passes')
    for (let each = 0; each < 3; each++) expect(await decide(`guess-${each}`)).toBe('token_inactive')
    expect(await decide('guess-3')).toBe('attempts_exceeded')
    expect(endpoint.asked).toHaveLength(4)
    clock.advance(60)
    expect(await decide('opaque')).toBe('passes')
  })

  it('that are genuine, and refused, count against their client', async () => {
    const options = { trustedProxies: [], failedAttempts: { limit: 2, windowSeconds: 60 } }
    const verifier = build({}, options)
    const decide = async (token: string, claims: object) => {
      endpoint.tokens.set(token, { ...good, client_id: 'app', ...claims })
      const decision = await verifier.verify({ ...bearer(token), remoteAddress: '192.0.2.1' })
      return decision.allowed ? 'passes' : decision.code
    }
    for (const token of ['a', 'b']) expect(await decide(token, { aud: 'other' })).toBe('audience_mismatch')
    expect(await decide('c', {})).toBe('attempts_exceeded')
    expect(await decide('d', { sub: 'bob' })).toBe('passes')
  })
})
