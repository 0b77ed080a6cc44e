// Introspection (RFC 7662) and its signed answers (RFC 9701).
import { createVerifier, type Denied, type Verifier, type VerifierOptions } from '@sallyport/core'
import { createTestClock, createTestIssuer } from '@sallyport/core/testing'
import { afterAll, afterEach, beforeEach, describe, expect, it } from 'vitest'
import { answerJson, startIntrospectionEndpoint } from '../fixtures/introspection-endpoint.js'

const clock = createTestClock()
const now = clock()
const idp = await createTestIssuer({ clock })
const endpoint = await startIntrospectionEndpoint()
afterAll(() => Promise.all([idp.close(), endpoint.close()]))

const { issuer, audience, jwks } = idp
const good = { iss: issuer, aud: audience, exp: now + 600, sub: 'ann', scope: 'read', token_type: 'Bearer' }
const request = { headers: { authorization: 'Bearer opaque' } }

let opened: Verifier<unknown>[] = []
beforeEach(() => {
  clock.set(now)
  endpoint.behave = 'well'
  endpoint.asked.length = 0
  endpoint.tokens.set('opaque', good)
})
afterEach(async () => {
  for (const each of opened) await each.close()
  opened = []
})

function verifierWith(introspection: object = {}): Verifier {
  const settings = { endpoint: endpoint.url, clientId: 'api', clientSecret: 'secret', ...introspection }
  const verifier = createVerifier({ issuer, audience, jwks, clock, introspection: settings } as VerifierOptions)
  opened.push(verifier)
  return verifier as Verifier
}

const answerTo = async (verifier: Verifier) => {
  const decision = await verifier.verify(request)
  return decision.allowed ? { status: 200 } : { status: decision.status, code: (decision as Denied).code }
}

const inactive = { status: 401, code: 'token_inactive' }
const unavailable = { status: 503, code: 'introspection_unavailable' }

describe('R-7662: introspection', () => {
  it('R-7662-1 a question is a form that is posted, by one who proves who it is, over TLS or to this host', async () => {
    expect(await answerTo(verifierWith())).toEqual({ status: 200 })
    const [question] = endpoint.asked
    expect(Object.fromEntries(question?.form ?? [])).toEqual({ token: 'opaque', token_type_hint: 'access_token' })
    expect(question?.headers).toMatchObject({
      'content-type': 'application/x-www-form-urlencoded',
      authorization: expect.stringMatching(/^Basic /),
    })
    expect(() => verifierWith({ clientSecret: undefined })).toThrow(/needs one of/)
    expect(() => verifierWith({ endpoint: 'http://idp.example.com/introspect' })).toThrow(/https URL/)
  })

  it.each([{}, { active: 'true' }, { active: 1 }, { active: null }, { active: false }])(
    'R-7662-2 %j says that the token is not active',
    async (answer) => {
      endpoint.behave = (response) => answerJson(response, { ...good, active: undefined, ...answer })
      expect(await answerTo(verifierWith())).toEqual(inactive)
    },
  )

  it.each([401, 403, 500, 503, 302])('R-7662-2 an answer of %d is no fault of the caller', async (status) => {
    endpoint.behave = (response) => answerJson(response, { active: true, ...good }, status)
    expect(await answerTo(verifierWith())).toEqual(unavailable)
  })

  it('R-7662-2 neither is an answer that is no JSON, or that does not come', async () => {
    endpoint.behave = (response) => response.writeHead(200, { 'content-type': 'text/html' }).end('<p>active</p>')
    expect(await answerTo(verifierWith())).toEqual(unavailable)
    endpoint.behave = 'never'
    expect(await answerTo(verifierWith({ timeoutSeconds: 0.05 }))).toEqual(unavailable)
  })

  it.each([
    [{ iss: 'https://other.example.com' }, 'issuer_untrusted'],
    [{ aud: 'https://other.example.com' }, 'audience_mismatch'],
    [{ aud: undefined }, 'claim_missing'],
    [{ exp: now - 60 }, 'token_expired'],
    [{ nbf: now + 60 }, 'token_not_active'],
    [{ cnf: { jkt: 'x' }, token_type: 'DPoP' }, 'binding_missing'],
    [{ token_type: 'Refresh' }, 'token_type_rejected'],
  ])('R-7662-3 an active token of which %j is said is refused', async (claims, code) => {
    endpoint.tokens.set('opaque', { ...good, ...claims })
    expect(await answerTo(verifierWith())).toEqual({ status: 401, code })
  })

  it('R-7662-4 an answer is kept for a while, never beyond `exp`, and asked for once at a time', async () => {
    endpoint.tokens.set('opaque', { ...good, exp: now + 20 })
    const verifier = verifierWith()
    await Promise.all([answerTo(verifier), answerTo(verifier)])
    clock.advance(19)
    expect(await answerTo(verifier)).toEqual({ status: 200 })
    expect(endpoint.asked).toHaveLength(1)
    endpoint.tokens.clear()
    clock.advance(1)
    expect(await answerTo(verifier)).toEqual(inactive)
    endpoint.tokens.set('opaque', { ...good, exp: now + 600 })
    clock.advance(9)
    expect(await answerTo(verifier)).toEqual(inactive)
    clock.advance(1)
    expect(await answerTo(verifier)).toEqual({ status: 200 })
  })
})

describe('R-9701: signed answers', () => {
  const claims = { iss: issuer, aud: 'api', iat: now, token_introspection: { active: true, ...good } }
  const sign = (typ: string | undefined, spoiled: object = {}) =>
    idp.key.sign(JSON.stringify({ ...claims, ...spoiled }), { typ })
  const media = 'application/token-introspection+jwt'

  it.each<[string | undefined, object, object]>([
    ['token-introspection+jwt', {}, { status: 200 }],
    ['token-introspection+jwt', { iss: 'https://other.example.com' }, unavailable],
    ['token-introspection+jwt', { aud: 'another' }, unavailable],
    ['token-introspection+jwt', { iat: undefined }, unavailable],
    ['at+jwt', {}, unavailable],
    ['JWT', {}, unavailable],
    [undefined, {}, unavailable],
  ])('R-9701-1 one of the type %s with %j', async (typ, spoiled, answer) => {
    const jwt = await sign(typ, spoiled)
    endpoint.behave = (response) => response.writeHead(200, { 'content-type': media }).end(jwt)
    expect(await answerTo(verifierWith({ signed: true }))).toEqual(answer)
    expect(endpoint.asked[0]?.headers.accept).toBe(media)
  })

  it('R-9701-2 one that is presented as an access token is refused', async () => {
    const jwt = await sign('token-introspection+jwt', { aud: audience, exp: now + 600, sub: 'ann' })
    const decision = await verifierWith({ signed: true }).verify({ headers: { authorization: `Bearer ${jwt}` } })
    expect(decision).toMatchObject({ status: 401, code: 'token_type_rejected' })
  })
})
