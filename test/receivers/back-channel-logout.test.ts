// OpenID Connect Back-Channel Logout 1.0: every rule of the token, each with its nearest honest neighbour, and what it takes back.
import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { backChannelLogout, createMemoryState, createVerifier, type ReceiverEvent } from '@sallyport/core'
import { createTestClock, createTestIssuer, createTestKey } from '@sallyport/core/testing'
import { CompactEncrypt, exportJWK, generateKeyPair } from 'jose'
import { afterAll, describe, expect, it } from 'vitest'
import { clientId, createSenders, logoutEvent, sendLogout } from './senders.js'

const world = await createSenders()
afterAll(() => world[Symbol.asyncDispose]())
const { clock, idp, verifier, logoutToken, verdict } = world
const logout = backChannelLogout(verifier, { clientId })
const now = clock()

const statusOf = async (token: string) => (await sendLogout(logout, token)).status
/** Nobody else's: each test logs out somebody of its own. */
let people = 0
const someone = () => `person-${++people}`

describe('Back-Channel Logout §2.6: a logout token', () => {
  it('that is good is accepted', async () => {
    expect(await statusOf(await logoutToken())).toBe(200)
  })

  it.each<[string, object, number]>([
    ['for another client', { aud: 'other' }, 400],
    ['for several clients, of which we are one', { aud: ['other', clientId] }, 200],
    ['for nobody', { aud: undefined }, 400],
    ['whose audience is no text', { aud: [clientId, 7] }, 400],
    ['without iat', { iat: undefined }, 400],
    ['of a clock ahead by the tolerance', { iat: now + 30 }, 200],
    ['of a clock further ahead', { iat: now + 31 }, 400],
    ['without exp', { exp: undefined }, 400],
    ['that has just not expired, by the tolerance', { iat: now - 100, exp: now - 29 }, 200],
    ['that has expired', { iat: now - 100, exp: now - 30 }, 400],
    ['that was issued after it expires', { iat: now + 20, exp: now + 10 }, 400],
    ['dated in milliseconds', { iat: now * 1_000, exp: now * 1_000 }, 400],
    ['that expires at a date in milliseconds', { exp: (now + 60) * 1_000 }, 400],
    ['issued before all dates', { iat: -1e13 }, 400],
    ['whose time has not come', { nbf: now + 31 }, 400],
    ['without jti', { jti: undefined }, 400],
    ['whose jti is empty', { jti: '' }, 400],
    ['whose jti is no text', { jti: 7 }, 400],
    ['without events', { events: undefined }, 400],
    ['whose events are a list', { events: [logoutEvent] }, 400],
    ['with another event', { events: { 'https://example.com/other': {} } }, 400],
    ['with another event, too', { events: { [logoutEvent]: {}, 'https://example.com/other': {} } }, 200],
    ['whose event is no object', { events: { [logoutEvent]: true } }, 400],
    ['whose event has members', { events: { [logoutEvent]: { x: 1 } } }, 200],
    ['with a nonce', { nonce: 'n' }, 400],
    ['with a nonce that is null', { nonce: null }, 400],
    ['with a session alone', { sub: undefined }, 200],
    ['with a subject alone', { sid: undefined }, 200],
    ['with neither', { sub: undefined, sid: undefined }, 400],
    ['whose subject is no text', { sub: 7 }, 400],
    ['whose session is no text', { sid: {} }, 400],
    ['whose session is longer than a name may be', { sid: 's'.repeat(1_025) }, 400],
    ['whose session is as long as a name may be', { sid: 's'.repeat(1_024) }, 200],
    ['with claims that are not understood', { whatever: [1] }, 200],
    ['of another issuer', { iss: 'https://other.example' }, 400],
    ['without an issuer', { iss: undefined }, 400],
  ])('%s (%j): %i', async (_, spoiled, status) => {
    const token = await logoutToken({ sub: someone(), sid: someone(), ...spoiled })
    expect(await statusOf(token)).toBe(status)
  })

  it('that is refused takes nothing back', async () => {
    const subject = someone()
    const token = await idp.issue({ sub: subject, sid: subject })
    expect(await statusOf(await logoutToken({ sub: subject, sid: subject, nonce: 'n' }))).toBe(400)
    expect(await verdict(token)).toBe('allowed')
    expect(await statusOf(await logoutToken({ sub: subject, sid: subject }))).toBe(200)
    expect(await verdict(token)).toBe('token_revoked')
  })

  it.each<[string, object, number]>([
    ['with the media type in full', { typ: 'application/logout+jwt' }, 200],
    ['typed as any JWT', { typ: 'JWT' }, 400],
    ['without a type', { typ: undefined }, 400],
    ['typed as an access token', { typ: 'at+jwt' }, 400],
    ['typed as a security event', { typ: 'secevent+jwt' }, 400],
    ['of a key that its issuer has not', { kid: 'unknown' }, 400],
    ['that brings its key', { jwk: {} }, 400],
    ['that says to hold another token', { cty: 'JWT' }, 400],
  ])('%s, %j: %i', async (_, header, status) => {
    expect(await statusOf(await logoutToken({ sub: someone() }, header as never))).toBe(status)
  })

  it('that is not signed, or by somebody else, is refused', async () => {
    const [, claims] = (await logoutToken()).split('.')
    const none = Buffer.from('{"alg":"none","typ":"logout+jwt"}').toString('base64url')
    expect(await statusOf(`${none}.${claims}.`)).toBe(400)
    const stranger = await createTestKey('ES256', idp.key.kid)
    const forged = await stranger.sign(Buffer.from(claims as string, 'base64url'), { typ: 'logout+jwt' })
    expect(await statusOf(forged)).toBe(400)
  })

  it('that is an access token or an ID token is refused, whoever it is for', async () => {
    expect(await statusOf(await idp.issue({ aud: clientId }))).toBe(400)
    expect(await statusOf(await idp.issue({ aud: clientId, nonce: 'n' }, { header: { typ: 'JWT' } }))).toBe(400)
  })

  it('is no access token', async () => {
    expect(await verdict(await logoutToken({ aud: idp.audience }))).toBe('token_type_rejected')
  })

  it('without a type passes where that is allowed, and an ID token still does not', async () => {
    const lenient = backChannelLogout(verifier, { clientId, dangerouslyAllowUntyped: true })
    for (const typ of ['JWT', undefined, 'logout+jwt']) {
      expect((await sendLogout(lenient, await logoutToken({ sub: someone() }, { typ }))).status).toBe(200)
    }
    expect((await sendLogout(lenient, await logoutToken({}, { typ: 'secevent+jwt' }))).status).toBe(400)
    expect((await sendLogout(lenient, await idp.issue({ aud: clientId }, { header: { typ: 'JWT' } }))).status).toBe(400)
  })
})

describe('Back-Channel Logout §2.6 step 1: a logout token that is encrypted', () => {
  it('is opened with the key of the verifier, and refused by one that has none', async () => {
    const { privateKey, publicKey } = await generateKeyPair('ECDH-ES', { extractable: true })
    const { issuer, audience, jwks } = idp
    const decryption = { key: await exportJWK(privateKey) }
    const opening = createVerifier({ issuer, audience, jwks, clock, decryption })
    const encrypted = await new CompactEncrypt(new TextEncoder().encode(await logoutToken({ sub: someone() })))
      .setProtectedHeader({ alg: 'ECDH-ES', enc: 'A256GCM', cty: 'JWT' })
      .encrypt(publicKey)
    expect((await sendLogout(backChannelLogout(opening, { clientId }), encrypted)).status).toBe(200)
    expect(await statusOf(encrypted)).toBe(400)
    await opening.close()
  })
})

describe('Back-Channel Logout §2.7: what is taken back', () => {
  it('is the session and what the user had, and a new login is good', async () => {
    const subject = someone()
    const [ofSession, ofAnother, ofNone] = await Promise.all([
      idp.issue({ sub: subject, sid: `${subject}-a` }),
      idp.issue({ sub: subject, sid: `${subject}-b` }),
      idp.issue({ sub: subject }),
    ])
    const bystander = await idp.issue({ sub: someone(), sid: 'another' })
    expect(await statusOf(await logoutToken({ sub: subject, sid: `${subject}-a` }))).toBe(200)
    for (const token of [ofSession, ofAnother, ofNone]) expect(await verdict(token)).toBe('token_revoked')
    expect(await verdict(bystander)).toBe('allowed')
    const [inTheSecondAfter, later] = [{ iat: now + 1 }, { iat: now + 2 }]
    expect(await verdict(await idp.issue({ sub: subject, sid: 'new', ...inTheSecondAfter }))).toBe('token_revoked')
    expect(await verdict(await idp.issue({ sub: subject, sid: 'new', ...later }))).toBe('allowed')
    expect(await verdict(await idp.issue({ sub: subject, sid: `${subject}-a`, ...later }))).toBe('token_revoked')
  })

  it('is the session alone where access tokens name theirs', async () => {
    const exact = backChannelLogout(verifier, { clientId, accessTokensHaveSid: true })
    const subject = someone()
    const [ofSession, ofAnother] = [
      await idp.issue({ sub: subject, sid: 'x' }),
      await idp.issue({ sub: subject, sid: 'y' }),
    ]
    expect((await sendLogout(exact, await logoutToken({ sub: subject, sid: 'x' }))).status).toBe(200)
    expect([await verdict(ofSession), await verdict(ofAnother)]).toEqual(['token_revoked', 'allowed'])
    expect((await sendLogout(exact, await logoutToken({ sub: subject, sid: undefined }))).status).toBe(200)
    expect(await verdict(ofAnother)).toBe('token_revoked')
  })

  it('is bounded by the date of the token, however late it comes', async () => {
    const subject = someone()
    const token = await logoutToken({ sub: subject, sid: undefined, exp: now + 200 })
    clock.advance(100)
    const since = await idp.issue({ sub: subject })
    expect(await statusOf(token)).toBe(200)
    expect(await verdict(since)).toBe('allowed')
    clock.set(now)
  })

  it('is of the issuer that says so, and of no other', async () => {
    const other = await createTestIssuer({ clock })
    const { audience } = idp
    const both = createVerifier({
      issuers: [idp, other].map(({ issuer, jwks }) => ({ issuer, audience, jwks })),
      clock,
    })
    const receiver = backChannelLogout(both, { clientId })
    const [ours, theirs] = [await idp.issue({ sub: 'eve', sid: 'eve' }), await other.issue({ sub: 'eve', sid: 'eve' })]
    expect((await sendLogout(receiver, await logoutToken({ sub: 'eve', sid: 'eve' }))).status).toBe(200)
    const allowed = async (token: string) =>
      (await both.verify({ headers: { authorization: `Bearer ${token}` } })).allowed
    expect([await allowed(ours), await allowed(theirs)]).toEqual([false, true])
    const one = backChannelLogout(both, { clientId, issuer: other.issuer })
    expect((await sendLogout(one, await logoutToken())).status).toBe(400)
    await Promise.all([both.close(), other.close()])
  })

  it('is remembered until the last token has expired, where that is known', async () => {
    const clock = createTestClock()
    const state = createMemoryState({ clock, maxRevocations: 1 })
    await using small = await createSenders({ state, clock })
    const receiver = backChannelLogout(small.verifier, { clientId, tokenLifetimeSeconds: 300 })
    const send = async (subject: string) =>
      (await sendLogout(receiver, await small.logoutToken({ sub: subject, sid: undefined }))).status
    expect(await send('ann')).toBe(200)
    expect(await send('bob')).toBe(503) // it does not fit, and ann's must not be forgotten
    clock.advance(300 + 30 + 300) // lifetime, tolerance, and the greatest tolerance of a state
    expect(await send('bob')).toBe(503)
    clock.advance(1)
    expect(await send('bob')).toBe(200)
  })

  it('is remembered for as long as tokens may be old, where the issuer says that', async () => {
    const clock = createTestClock()
    const state = createMemoryState({ clock, maxRevocations: 1 })
    await using small = await createSenders({ state, clock, issuer: { maxTokenAgeSeconds: 100 } })
    const receiver = backChannelLogout(small.verifier, { clientId })
    const send = async (subject: string) =>
      (await sendLogout(receiver, await small.logoutToken({ sub: subject, sid: undefined }))).status
    expect(await send('ann')).toBe(200)
    clock.advance(100 + 30 + 300)
    expect(await send('bob')).toBe(503)
    clock.advance(1)
    expect(await send('bob')).toBe(200)
  })
})

describe('Back-Channel Logout §2.8: the answer', () => {
  it('to a logout is 200, empty, and kept by no cache', async () => {
    expect(await sendLogout(logout, await logoutToken())).toEqual({
      status: 200,
      headers: { 'Cache-Control': 'no-store' },
      body: '',
    })
  })

  it('to a bad token is 400 with an error, and nothing of the token', async () => {
    const answer = await sendLogout(logout, await logoutToken({ sub: 'a secret name', nonce: 'a secret' }))
    expect(answer).toMatchObject({
      status: 400,
      headers: { 'Cache-Control': 'no-store', 'Content-Type': 'application/json' },
    })
    expect(JSON.parse(answer.body)).toEqual({
      error: 'invalid_request',
      error_description: 'The token is not of the accepted type',
    })
  })

  it('while the keys cannot be fetched is 503, and the same token is good afterwards', async () => {
    await using other = await createSenders({ isFetched: true })
    other.idp.fail(500)
    const receiver = backChannelLogout(other.verifier, { clientId })
    const token = await other.logoutToken()
    const refused = await sendLogout(receiver, token)
    expect(refused).toMatchObject({ status: 503, headers: { 'Retry-After': expect.stringMatching(/^\d+$/) }, body: '' })
    other.idp.recover()
    await expect.poll(async () => (await sendLogout(receiver, token)).status, { timeout: 10_000 }).toBe(200)
  })

  it('while the state cannot take it is 503, and the same token logs out afterwards', async () => {
    const clock = createTestClock()
    const state = createMemoryState({ clock, maxRevocations: 1 })
    await using other = await createSenders({ state, clock })
    await state.revoke({ jti: 'in the way' }, { until: clock() })
    clock.advance(200)
    const receiver = backChannelLogout(other.verifier, { clientId })
    const access = await other.idp.issue({ sub: 'ann' }, { expiresInSeconds: 600 })
    const token = await other.logoutToken({ sid: undefined, exp: clock() + 600 })
    expect((await sendLogout(receiver, token)).status).toBe(503)
    expect(await other.verdict(access)).toBe('allowed')
    clock.advance(101) // what is in the way may be forgotten
    expect((await sendLogout(receiver, token)).status).toBe(200)
    expect(await other.verdict(access)).toBe('token_revoked')
  })
})

describe('a logout token that comes again', () => {
  const receivedWhile = async (work: () => Promise<unknown>): Promise<readonly ReceiverEvent[]> => {
    const events: ReceiverEvent[] = []
    const listener = (message: unknown) => void events.push(message as ReceiverEvent)
    subscribe('sallyport:receiver', listener)
    await work()
    unsubscribe('sallyport:receiver', listener)
    return events
  }

  it('is accepted, and takes nothing back again', async () => {
    const token = await logoutToken({ sub: someone() })
    const events = await receivedWhile(async () => {
      expect([await statusOf(token), await statusOf(token)]).toEqual([200, 200])
    })
    expect(events.map(({ outcome }) => outcome)).toEqual(['revoked', 'ignored'])
  })

  it('at the same moment is done once', async () => {
    const token = await logoutToken({ sub: someone() })
    const events = await receivedWhile(async () => {
      const all = await Promise.all(Array.from({ length: 10 }, () => statusOf(token)))
      expect(new Set(all)).toEqual(new Set([200]))
    })
    expect(events.filter(({ outcome }) => outcome === 'revoked')).toHaveLength(1)
  })

  it('is told apart from another of the same number by another issuer', async () => {
    const other = await createTestIssuer({ clock })
    const { audience } = idp
    const both = createVerifier({
      issuers: [idp, other].map(({ issuer, jwks }) => ({ issuer, audience, jwks })),
      clock,
    })
    const receiver = backChannelLogout(both, { clientId })
    const said = { aud: clientId, sub: someone(), jti: 'one number', events: { [logoutEvent]: {} } }
    const header = { typ: 'logout+jwt' }
    const events = await receivedWhile(async () => {
      await sendLogout(receiver, await idp.issue(said, { header }))
      await sendLogout(receiver, await other.issue(said, { header }))
    })
    expect(events.map((event) => [event.outcome, event.issuer])).toEqual([
      ['revoked', idp.issuer],
      ['revoked', other.issuer],
    ])
    await Promise.all([both.close(), other.close()])
  })

  it('tells the operator why it was refused, and nothing of what it says', async () => {
    const events = await receivedWhile(async () =>
      statusOf(await logoutToken({ sub: 'a secret name', aud: 'a secret' })),
    )
    expect(events).toEqual([
      { receiver: 'logout', outcome: 'refused', code: 'audience_mismatch', reason: '`aud` names no audience of ours' },
    ])
  })
})

describe('what cannot be a logout request', () => {
  const form = { 'content-type': 'application/x-www-form-urlencoded' }
  const token = () => logoutToken({ sub: someone() })

  it.each(['GET', 'PUT', 'HEAD', 'OPTIONS'])('%s: 405', async (method) => {
    const answer = await logout.handle({ method, headers: form, body: `logout_token=${await token()}` })
    expect(answer).toMatchObject({ status: 405, headers: { Allow: 'POST' } })
  })

  it.each<[string, object, (token: string) => unknown, number]>([
    ['no content type', {}, (good) => `logout_token=${good}`, 400],
    ['another content type', { 'content-type': 'application/json' }, (good) => ({ logout_token: good }), 400],
    [
      'two content types',
      { 'content-type': ['application/x-www-form-urlencoded', 'text/plain'] },
      (good) => `logout_token=${good}`,
      400,
    ],
    [
      'a charset beside the type',
      { 'content-type': 'Application/X-WWW-Form-URLEncoded; charset=UTF-8' },
      (good) => `logout_token=${good}`,
      200,
    ],
    ['other fields beside it', form, (good) => `a=b&logout_token=${good}&c=d`, 200],
    ['the token twice', form, (good) => `logout_token=${good}&logout_token=${good}`, 400],
    ['the token twice, parsed', form, (good) => ({ logout_token: [good, good] }), 400],
    ['the token in a parsed form', form, (good) => ({ logout_token: good }), 200],
    ['the token as bytes', form, (good) => Buffer.from(`logout_token=${good}`), 200],
    ['no token', form, () => 'a=b', 400],
    ['an empty token', form, () => 'logout_token=', 400],
    ['no body', form, () => undefined, 400],
    ['a parsed form without a token', form, () => ({}), 400],
    ['a token that is inherited', form, (good) => Object.create({ logout_token: good }), 400],
    ['a body that is too long', form, (good) => `logout_token=${good}&x=${'x'.repeat(65_536)}`, 413],
    ['a token that is too long', form, () => `logout_token=${'x'.repeat(20_000)}`, 400],
    ['garbage', form, () => 'logout_token=garbage', 400],
  ])('%s', async (_, headers, body, status) => {
    const answer = await logout.handle({ method: 'POST', headers: headers as never, body: body(await token()) })
    expect(answer.status).toBe(status)
  })
})

describe('options', () => {
  it.each<[object, RegExp]>([
    [{}, /clientId/],
    [{ clientId: '' }, /clientId/],
    [{ clientId, issuer: 'https://other.example' }, /does not trust/],
    [{ clientId, client: 'x' }, /no option `client`/],
    [{ clientId, tokenLifetimeSeconds: 0 }, /tokenLifetimeSeconds/],
  ])('%j do not build', (options, message) => {
    expect(() => backChannelLogout(verifier, options as never)).toThrow(message)
  })

  it('of a verifier that was closed build nothing, and receive nothing', async () => {
    const other = await createSenders()
    const receiver = backChannelLogout(other.verifier, { clientId })
    const token = await other.logoutToken()
    await other[Symbol.asyncDispose]()
    await expect(sendLogout(receiver, token)).rejects.toThrow('closed')
    expect(() => backChannelLogout(other.verifier, { clientId })).toThrow('closed')
  })
})
