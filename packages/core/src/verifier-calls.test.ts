// What a verifier does beside verifying: anonymous requests, policies, bare tokens, and its end.
import { afterAll, describe, expect, it } from 'vitest'
import { ConfigurationError, VerificationError } from './errors.js'
import { scope } from './policy/words.js'
import { createTestClock, createTestIssuer } from './testing.js'
import { createVerifier } from './verifier.js'

const clock = createTestClock()
const idp = await createTestIssuer({ clock })
afterAll(() => idp.close())

const inline = { issuer: idp.issuer, audience: idp.audience, jwks: idp.jwks, clock }
const bearer = (token: string) => ({ headers: { authorization: `Bearer ${token}` } })
const anonymous = { headers: {} }

describe('verify', () => {
  it('answers who passed', async () => {
    const token = await idp.issue({ sub: 'ann', scope: 'read write', roles: ['admin'] })
    const decision = await createVerifier(inline).verify(bearer(token))
    expect(decision).toMatchObject({
      allowed: true,
      auth: {
        subject: 'ann',
        issuer: idp.issuer,
        clientId: 'client-1',
        scopes: ['read', 'write'],
        roles: ['admin'],
        expiresAt: clock() + 300,
        token,
        claims: { sub: 'ann', aud: idp.audience },
      },
    })
  })

  it('answers a refusal, and throws none', async () => {
    const decision = await createVerifier(inline).verify(anonymous)
    expect(decision).toMatchObject({ allowed: false, code: 'credential_missing', status: 401, body: { status: 401 } })
  })

  it('names its realm in the challenge', async () => {
    const decision = await createVerifier({ ...inline, realm: 'orders' }).verify(anonymous)
    expect(decision).toMatchObject({ headers: { 'WWW-Authenticate': 'Bearer realm="orders"' } })
  })

  it('lets a bug of the application through as what it is', async () => {
    const credentials = () => {
      throw new TypeError('a bug')
    }
    await expect(createVerifier({ ...inline, credentials }).verify(anonymous)).rejects.toThrow(TypeError)
  })

  it('judges many requests at once, each by its own token', async () => {
    const verifier = createVerifier(inline)
    const subjects = Array.from({ length: 40 }, (_, i) => (i % 4 === 0 ? undefined : `user-${i}`))
    const tokens = await Promise.all(
      subjects.map((sub) => idp.issue({ sub, exp: sub === undefined ? 0 : clock() + 60 })),
    )
    for (let round = 0; round < 3; round++) {
      const decisions = await Promise.all(tokens.map((token) => verifier.verify(bearer(token))))
      expect(decisions.map((decision) => (decision.allowed ? decision.auth.subject : undefined))).toEqual(subjects)
    }
  })
})

describe('a policy', () => {
  it('of the call is judged on every sight of a token', async () => {
    const verifier = createVerifier(inline)
    const request = bearer(await idp.issue({ scope: 'read' }))
    for (let sight = 0; sight < 3; sight++) {
      expect(await verifier.verify(request, scope('read'))).toMatchObject({ allowed: true })
      expect(await verifier.verify(request, scope('write'))).toMatchObject({ code: 'scope_insufficient', status: 403 })
    }
  })

  it('of the options holds where the call has none, and gives way to one that has', async () => {
    const verifier = createVerifier({ ...inline, policy: scope('write') })
    const request = bearer(await idp.issue({ scope: 'read' }))
    expect(await verifier.verify(request)).toMatchObject({ code: 'scope_insufficient' })
    expect(await verifier.verify(request, scope('read'))).toMatchObject({ allowed: true })
  })

  it('is not reached by a token that is refused before', async () => {
    const request = bearer(await idp.issue({ scope: 'read' }, { expiresInSeconds: -31 }))
    expect(await createVerifier(inline).verify(request, scope('write'))).toMatchObject({
      code: 'token_expired',
      status: 401,
    })
  })

  it('is satisfied by nobody who is anonymous', async () => {
    const verifier = createVerifier({ ...inline, optional: true })
    expect(await verifier.verify(anonymous, scope('read'))).toMatchObject({ code: 'credential_missing', status: 401 })
  })

  it('is told to the client with all of its scopes', async () => {
    const decision = await createVerifier(inline).verify(
      bearer(await idp.issue({ scope: 'read' })),
      scope('read', 'write'),
    )
    expect(decision).toMatchObject({ headers: { 'WWW-Authenticate': expect.stringContaining('scope="read write"') } })
  })

  it.each([undefined, null, 'read', {}, () => true])('%s is none', async (policy) => {
    const verifier = createVerifier(inline)
    const auth = await verifier.verifyToken(await idp.issue())
    await expect(verifier.authorize(auth, policy as never)).rejects.toThrow(ConfigurationError)
  })
})

describe('a route that is optional', () => {
  const verifier = createVerifier(inline)
  const optional = { optional: true }

  it('lets the anonymous pass, and only there', async () => {
    expect(await verifier.verify(anonymous, undefined, optional)).toMatchObject({ allowed: true, auth: undefined })
    for (const route of [undefined, {}, { optional: false }, { optional: undefined }]) {
      expect(await verifier.verify(anonymous, undefined, route as never)).toMatchObject({ code: 'credential_missing' })
    }
  })

  it('lets nobody with a bad token pass', async () => {
    expect(await verifier.verify(bearer('x'), undefined, optional)).toMatchObject({ code: 'token_malformed' })
    const expired = await idp.issue({}, { expiresInSeconds: -60 })
    expect(await verifier.verify(bearer(expired), undefined, optional)).toMatchObject({ code: 'token_expired' })
  })

  it('holds whoever brings a token to the policy of the options', async () => {
    const strict = createVerifier({ ...inline, policy: scope('read') })
    expect(await strict.verify(anonymous, undefined, optional)).toMatchObject({ allowed: true })
    const verdicts = ['read', 'write'].map(async (granted) =>
      strict.verify(bearer(await idp.issue({ scope: granted })), undefined, optional),
    )
    expect(await Promise.all(verdicts)).toMatchObject([{ allowed: true }, { code: 'scope_insufficient' }])
  })

  it.each([['yes'], [1], [{}], [[true]], [null]])('is so for true alone, not for %j', async (optional) => {
    for (const policy of [undefined, scope('read')]) {
      const answer = verifier.verify(anonymous, policy, { optional: optional as never })
      await expect(answer).rejects.toThrow(ConfigurationError)
    }
  })

  it('has no policy of its own', async () => {
    await expect(verifier.verify(anonymous, scope('read'), optional)).rejects.toThrow(ConfigurationError)
  })
})

describe('authorize', () => {
  const verifier = createVerifier({ ...inline, optional: true })

  it('decides whether somebody who passed suffices for more', async () => {
    const auth = await verifier.verifyToken(await idp.issue({ scope: 'read' }))
    expect(await verifier.authorize(auth, scope('read'))).toEqual({ allowed: true, auth, validUntil: auth.expiresAt })
    expect(await verifier.authorize(auth, scope('write'))).toMatchObject({ code: 'scope_insufficient', status: 403 })
  })

  it.each([undefined, null, {}, { scopes: ['read'] }, 'ann'])('%j is nobody', async (auth) => {
    expect(await verifier.authorize(auth as never, scope('read'))).toMatchObject({
      code: 'credential_missing',
      status: 401,
    })
  })
})

describe('verifyToken', () => {
  const verifier = createVerifier({ ...inline, policy: scope('write') })

  it('answers who it speaks for, and asks for no policy', async () => {
    expect(await verifier.verifyToken(await idp.issue({ sub: 'ann' }))).toMatchObject({ subject: 'ann' })
  })

  it('throws the refusal', async () => {
    await expect(verifier.verifyToken(await idp.issue({ aud: 'x' }))).rejects.toBeInstanceOf(VerificationError)
    await expect(verifier.verifyToken(await idp.issue({ aud: 'x' }))).rejects.toMatchObject({
      code: 'audience_mismatch',
    })
  })

  it.each([undefined, null, '', 7, {}, ['a.b.c'], Buffer.from('a.b.c'), 'Bearer a.b.c'])(
    'refuses %j',
    async (token) => {
      await expect(verifier.verifyToken(token as never)).rejects.toMatchObject({ code: 'token_malformed' })
    },
  )
})

describe('close', () => {
  it('lets nobody pass any more, in any way', async () => {
    const verifier = createVerifier(inline)
    const token = await idp.issue()
    const auth = await verifier.verifyToken(token)
    await verifier.verifyToken(token)
    await verifier.close()
    await expect(verifier.verify(bearer(token))).rejects.toThrow(ConfigurationError)
    await expect(verifier.verifyToken(token)).rejects.toThrow(ConfigurationError)
    await expect(verifier.explain(bearer(token))).rejects.toThrow(ConfigurationError)
    await expect(verifier.authorize(auth, scope('read'))).rejects.toThrow(ConfigurationError)
  })

  it('may be called again', async () => {
    const verifier = createVerifier(inline)
    await verifier.close()
    await expect(verifier.close()).resolves.toBeUndefined()
  })

  it('ends a fetch that hangs', async () => {
    const slow = await createTestIssuer({ clock })
    slow.hang()
    const verifier = createVerifier({ issuer: slow.issuer, audience: slow.audience, clock })
    const decision = verifier.verify(bearer(await slow.issue()))
    await verifier.close()
    expect(await decision).toMatchObject({ code: 'keys_unavailable' })
    await slow.close()
  })
})

describe('decide', () => {
  it('answers at once for a token that was verified before, and judges it as ever', async () => {
    const verifier = createVerifier(inline)
    const token = await idp.issue({ sub: 'ann', scope: 'read', sid: 's1' })
    for (let sight = 0; sight < 2; sight++) {
      const answer = verifier.decide(bearer(token))
      expect(answer).toBeInstanceOf(Promise)
      expect(await answer).toMatchObject({ allowed: true, auth: { subject: 'ann' } })
    }
    expect(verifier.decide(bearer(token))).toMatchObject({ allowed: true, auth: { subject: 'ann', token } })
    expect(verifier.decide(bearer(token), scope('read'))).toMatchObject({ allowed: true })
    expect(verifier.decide(bearer(token), scope('write'))).toMatchObject({ code: 'scope_insufficient' })
    expect(verifier.decide({ ...bearer(token), url: `/?access_token=${token}` })).toMatchObject({
      code: 'credential_ambiguous',
    })
    await verifier.revoke({ session: 's1' })
    expect(verifier.decide(bearer(token))).toMatchObject({ code: 'token_revoked' })
  })

  it('asks a token that it does not remember for its form', async () => {
    const verifier = createVerifier(inline)
    const token = await idp.issue()
    for (let sight = 0; sight < 3; sight++) await verifier.decide(bearer(token))
    expect(verifier.decide(bearer(`${token}"`))).toMatchObject({ code: 'credential_malformed' })
  })

  it('answers at once where there is nothing to verify', () => {
    const verifier = createVerifier(inline)
    expect(verifier.decide(anonymous)).toMatchObject({ allowed: false, code: 'credential_missing' })
    expect(verifier.decide(anonymous, undefined, { optional: true })).toMatchObject({ allowed: true })
    expect(verifier.decide(bearer('a b'))).toMatchObject({ code: 'credential_malformed' })
  })

  it('throws what verify rejects with', async () => {
    const verifier = createVerifier(inline)
    expect(() => verifier.decide(anonymous, {} as never)).toThrow(ConfigurationError)
    await verifier.close()
    expect(() => verifier.decide(anonymous)).toThrow(ConfigurationError)
    await expect(verifier.verify(anonymous)).rejects.toThrow(ConfigurationError)
  })
})
