// RFC 8417, RFC 8935, RFC 9493 and the events of CAEP and RISC: what is accepted, what it takes back, and of whom.
import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { createVerifier, type ReceiverEvent, type SecurityEvent, securityEvents } from '@sallyport/core'
import { createTestIssuer, createTestKey } from '@sallyport/core/testing'
import { afterAll, describe, expect, it } from 'vitest'
import { caep, createSenders, logoutEvent, pushEvent, risc, sendLogout, ssf, streamAudience } from './senders.js'

const world = await createSenders()
afterAll(() => world[Symbol.asyncDispose]())
const { clock, idp, verifier, eventToken, logoutToken, verdict } = world
const options = { audience: streamAudience }
const events = securityEvents(verifier, options)
const now = clock()
const revoked = `${caep}session-revoked`

const push = async (token: string) => {
  const { status, body } = await pushEvent(events, token)
  return { status, ...(body !== '' && { err: JSON.parse(body).err as string }) }
}
let people = 0
const someone = () => `person-${++people}`
const issSub = (sub: string, iss = idp.issuer) => ({ format: 'iss_sub', iss, sub })

async function receivedWhile(work: () => Promise<unknown>): Promise<readonly ReceiverEvent[]> {
  const received: ReceiverEvent[] = []
  const listener = (message: unknown) => void received.push(message as ReceiverEvent)
  subscribe('sallyport:receiver', listener)
  await work()
  unsubscribe('sallyport:receiver', listener)
  return received
}

describe('RFC 8417 §2.2: a security event token', () => {
  it.each<[string, object, string | undefined]>([
    ['that is good', {}, undefined],
    ['for another audience', { aud: 'other' }, 'invalid_audience'],
    ['for several, of which we are one', { aud: ['other', streamAudience] }, undefined],
    ['for nobody', { aud: undefined }, 'invalid_request'],
    ['of another issuer', { iss: 'https://other.example' }, 'invalid_issuer'],
    ['without iat', { iat: undefined }, 'invalid_request'],
    ['of a clock ahead by the tolerance', { iat: now + 30 }, undefined],
    ['of a clock further ahead', { iat: now + 31 }, 'invalid_request'],
    ['of a year ago', { iat: now - 31_536_000 }, undefined],
    ['without jti', { jti: undefined }, 'invalid_request'],
    ['that expires', { exp: now + 100 }, 'invalid_request'],
    ['with a subject at the top', { sub: 'ann' }, 'invalid_request'],
    ['with a nonce', { nonce: 'n' }, 'invalid_request'],
    ['without events', { events: undefined }, 'invalid_request'],
    ['with no event', { events: {} }, 'invalid_request'],
    ['whose events are a list', { events: [revoked] }, 'invalid_request'],
    ['whose event is no object', { events: { [revoked]: true } }, 'invalid_request'],
    [
      'with eight events',
      { events: Object.fromEntries(Array.from({ length: 8 }, (_, i) => [`urn:${i}`, {}])) },
      undefined,
    ],
    [
      'with nine events',
      { events: Object.fromEntries(Array.from({ length: 9 }, (_, i) => [`urn:${i}`, {}])) },
      'invalid_request',
    ],
  ])('%s, %j: %s', async (_, claims, err) => {
    const answer = await push(await eventToken(revoked, { sub_id: issSub(someone()), ...claims }))
    expect(answer).toEqual(err === undefined ? { status: 202 } : { status: 400, err })
  })

  it.each<[string, object, string | undefined]>([
    ['with its media type in full', { typ: 'application/secevent+jwt' }, undefined],
    ['typed as any JWT', { typ: 'JWT' }, 'invalid_request'],
    ['typed as an access token', { typ: 'at+jwt' }, 'invalid_request'],
    ['typed as a logout token', { typ: 'logout+jwt' }, 'invalid_request'],
    ['of a key that its issuer has not', { kid: 'unknown' }, 'invalid_key'],
  ])('%s, %j: %s', async (_, header, err) => {
    const answer = await push(await eventToken(revoked, { sub_id: issSub(someone()) }, {}, header as never))
    expect(answer).toEqual(err === undefined ? { status: 202 } : { status: 400, err })
  })

  it('signed by somebody else, or not at all, is refused', async () => {
    const [, claims = ''] = (await eventToken(revoked)).split('.')
    const none = Buffer.from('{"alg":"none","typ":"secevent+jwt"}').toString('base64url')
    expect(await push(`${none}.${claims}.`)).toEqual({ status: 400, err: 'invalid_key' })
    const stranger = await createTestKey('ES256', idp.key.kid)
    const forged = await stranger.sign(Buffer.from(claims, 'base64url'), { typ: 'secevent+jwt' })
    expect(await push(forged)).toEqual({ status: 400, err: 'invalid_key' })
  })

  it('is no access token and no logout token, nor are those one, even untyped', async () => {
    const { backChannelLogout } = await import('@sallyport/core')
    const lenient = securityEvents(verifier, { ...options, dangerouslyAllowUntyped: true })
    const logout = backChannelLogout(verifier, { clientId: streamAudience, dangerouslyAllowUntyped: true })
    const untyped = { typ: undefined }
    const set = await eventToken(revoked, { sub_id: issSub(someone()) }, {}, untyped)
    const logoutOf = await logoutToken({ aud: streamAudience }, untyped)
    expect((await pushEvent(lenient, set)).status).toBe(202)
    expect((await pushEvent(lenient, logoutOf)).status).toBe(400)
    expect((await pushEvent(lenient, await idp.issue({ aud: streamAudience }, { header: untyped }))).status).toBe(400)
    expect((await sendLogout(logout, set)).status).toBe(400)
    expect((await sendLogout(logout, logoutOf)).status).toBe(200)
    expect(await verdict(await eventToken(revoked, { aud: idp.audience }))).toBe('token_type_rejected')
  })
})

describe('what an event takes back', () => {
  /** Which of the tokens of somebody are refused after an event: of a minute ago, of now, of a minute later. */
  async function refusedAfter(
    type: string,
    payload: object = {},
    subject: (name: string) => object = issSub,
    claims: object = {},
  ): Promise<readonly boolean[]> {
    const name = someone()
    expect(await push(await eventToken(type, { sub_id: subject(name), ...claims }, payload))).toEqual({ status: 202 })
    const tokens = [-60, 0, 60].map((since) =>
      idp.issue({ sub: name, sid: `${name}-sid`, jti: `${name}-jti`, iat: now + since }),
    )
    clock.advance(60)
    const verdicts = await Promise.all(tokens.map(async (token) => (await verdict(await token)) === 'token_revoked'))
    clock.set(now)
    return verdicts
  }
  const everything = [true, true, true]
  const upToNow = [true, true, false]
  const before = [true, false, false]
  const nothing = [false, false, false]
  const aMinuteAgo = { event_timestamp: now - 30 }

  it.each<[string, object, readonly boolean[]]>([
    [`${caep}session-revoked`, {}, upToNow],
    [`${caep}session-revoked`, aMinuteAgo, before],
    [`${caep}session-revoked`, { event_timestamp: now + 86_400 }, upToNow],
    [`${caep}session-revoked`, { event_timestamp: now * 1_000 }, upToNow],
    [`${caep}session-revoked`, { event_timestamp: 'yesterday' }, upToNow],
    [`${caep}session-revoked`, { event_timestamp: -1 }, upToNow],
    [`${caep}token-claims-change`, { claims: { role: 'guest' } }, upToNow],
    [`${caep}token-claims-change`, aMinuteAgo, before],
    [`${caep}credential-change`, { change_type: 'revoke', ...aMinuteAgo }, upToNow],
    [`${caep}credential-change`, { change_type: 'delete' }, upToNow],
    [`${caep}credential-change`, { change_type: 'create' }, nothing],
    [`${caep}credential-change`, { change_type: 'update' }, nothing],
    [`${risc}account-disabled`, aMinuteAgo, upToNow],
    [`${risc}account-purged`, {}, upToNow],
    [`${risc}credential-compromise`, {}, upToNow],
    [`${risc}sessions-revoked`, {}, upToNow],
    [`${risc}account-enabled`, {}, nothing],
    [`${caep}assurance-level-change`, {}, nothing],
    [`${ssf}verification`, { state: 's' }, nothing],
    [`${ssf}stream-updated`, { status: 'disabled' }, nothing],
    ['https://example.com/unknown', {}, nothing],
  ])('%s with %j', async (type, payload, refused) => {
    expect(await refusedAfter(type, payload)).toEqual(refused)
  })

  it.each<[string, (name: string) => object, readonly boolean[]]>([
    ['iss_sub', issSub, upToNow],
    ['iss_sub of another issuer', (name) => issSub(name, 'https://other.example'), nothing],
    ['iss_sub in the words of a draft', (name) => ({ subject_type: 'iss-sub', iss: idp.issuer, sub: name }), upToNow],
    ['opaque, of a subject', (name) => ({ format: 'opaque', id: name }), upToNow],
    ['opaque, of a session', (name) => ({ format: 'opaque', id: `${name}-sid` }), everything],
    ['jwt_id', (name) => ({ format: 'jwt_id', iss: idp.issuer, jti: `${name}-jti` }), everything],
    [
      'jwt_id of another issuer',
      (name) => ({ format: 'jwt_id', iss: 'https://other.example', jti: `${name}-jti` }),
      nothing,
    ],
    [
      'aliases',
      (name) => ({ format: 'aliases', identifiers: [{ format: 'email', email: 'a@b' }, issSub(name)] }),
      upToNow,
    ],
    [
      'more aliases than are read',
      (name) => ({ format: 'aliases', identifiers: Array(17).fill(issSub(name)) }),
      nothing,
    ],
    [
      'aliases of aliases',
      (name) => ({ format: 'aliases', identifiers: [{ format: 'aliases', identifiers: [issSub(name)] }] }),
      nothing,
    ],
    ['complex: user', (name) => ({ format: 'complex', user: issSub(name) }), upToNow],
    [
      'complex: user and device',
      (name) => ({ format: 'complex', user: issSub(name), device: { format: 'opaque', id: 'd' } }),
      upToNow,
    ],
    [
      'complex: session',
      (name) => ({ format: 'complex', session: { format: 'opaque', id: `${name}-sid` } }),
      everything,
    ],
    [
      'complex: session and user',
      (name) => ({ format: 'complex', session: { format: 'opaque', id: `${name}-x` }, user: issSub(name) }),
      upToNow,
    ],
    ['complex: without a format, as in drafts', (name) => ({ user: issSub(name) }), upToNow],
    ['complex: user, opaque', (name) => ({ format: 'complex', user: { format: 'opaque', id: name } }), upToNow],
    ['complex: session of an issuer', (name) => ({ format: 'complex', session: issSub(`${name}-sid`) }), everything],
    [
      'complex: a token of the session',
      (name) => ({ format: 'complex', session: { format: 'jwt_id', iss: idp.issuer, jti: `${name}-jti` } }),
      everything,
    ],
    ['complex: tenant', () => ({ format: 'complex', tenant: { format: 'opaque', id: 't' } }), nothing],
    ['email', () => ({ format: 'email', email: 'ann@example.com' }), nothing],
    ['a format that is not known', (name) => ({ format: 'star_sign', iss: idp.issuer, sub: name }), nothing],
    ['no subject identifier', () => [] as never, nothing],
    ['a name that is no text', () => ({ format: 'iss_sub', iss: idp.issuer, sub: 7 }), nothing],
    ['a name that is too long', () => issSub('x'.repeat(1_025)), nothing],
  ])('whose subject is %s', async (_, subject, refused) => {
    expect(await refusedAfter(revoked, {}, subject)).toEqual(refused)
  })

  it('whose subject is in the event, as in drafts', async () => {
    const name = someone()
    const token = await idp.issue({ sub: name })
    expect(await push(await eventToken(revoked, { sub_id: undefined }, { subject: issSub(name) }))).toEqual({
      status: 202,
    })
    expect(await verdict(token)).toBe('token_revoked')
  })

  it('no session for good, where it has not ended', async () => {
    const subject = (name: string) => ({ format: 'complex', session: { format: 'opaque', id: `${name}-sid` } })
    expect(await refusedAfter(`${caep}token-claims-change`, {}, subject)).toEqual(nothing)
  })

  it('the session alone, where access tokens name theirs', async () => {
    const exact = securityEvents(verifier, { ...options, accessTokensHaveSid: true })
    const name = someone()
    const [ofSession, ofAnother] = [
      await idp.issue({ sub: name, sid: name }),
      await idp.issue({ sub: name, sid: 'another' }),
    ]
    const sub_id = { format: 'complex', session: { format: 'opaque', id: name }, user: issSub(name) }
    expect((await pushEvent(exact, await eventToken(revoked, { sub_id }))).status).toBe(202)
    expect([await verdict(ofSession), await verdict(ofAnother)]).toEqual(['token_revoked', 'allowed'])
  })

  it.each<[string, (name: string) => object]>([
    ['no session is named', (name) => ({ format: 'complex', user: issSub(name) })],
    ['a name may be that of a session', (name) => ({ format: 'opaque', id: name })],
  ])('what its subject was issued, where access tokens name their session and %s', async (_, subject) => {
    const exact = securityEvents(verifier, { ...options, accessTokensHaveSid: true })
    const name = someone()
    const token = await idp.issue({ sub: name, sid: 'one' })
    expect((await pushEvent(exact, await eventToken(revoked, { sub_id: subject(name) }))).status).toBe(202)
    expect(await verdict(token)).toBe('token_revoked')
  })

  it('nothing, where a member that must be understood is not', async () => {
    const careful = securityEvents(verifier, { ...options, criticalSubjectMembers: ['tenant', 'user'] })
    const name = someone()
    const token = await idp.issue({ sub: name })
    const of = (member: object) => eventToken(revoked, { sub_id: { format: 'complex', user: issSub(name), ...member } })
    expect((await pushEvent(careful, await of({ tenant: { format: 'opaque', id: 't' } }))).status).toBe(202)
    expect(await verdict(token)).toBe('allowed')
    expect((await pushEvent(careful, await of({ device: { format: 'opaque', id: 'd' } }))).status).toBe(202)
    expect(await verdict(token)).toBe('token_revoked')
  })

  it('no more the second time, long after the first', async () => {
    const name = someone()
    const token = await eventToken(`${risc}account-disabled`, { sub_id: issSub(name) })
    expect(await push(token)).toEqual({ status: 202 })
    clock.advance(31_536_000)
    const since = await idp.issue({ sub: name })
    expect(await push(token)).toEqual({ status: 202 })
    expect(await verdict(since)).toBe('allowed')
    clock.set(now)
  })
})

describe('transmitters', () => {
  it('that are no issuer speak about the issuers they are for, and about no others, and are not believed as issuers', async () => {
    const [transmitter, other] = [await createTestIssuer({ clock }), await createTestIssuer({ clock })]
    const { audience } = idp
    const both = createVerifier({
      issuers: [idp, other].map(({ issuer, jwks }) => ({ issuer, audience, jwks })),
      clock,
    })
    const { issuer, jwksUri } = transmitter
    const receiver = securityEvents(both, { ...options, transmitters: [{ issuer, jwksUri, subjectsOf: idp.issuer }] })
    const said = (subject: object) => ({
      aud: streamAudience,
      sub: undefined,
      exp: undefined,
      sub_id: subject,
      events: { [revoked]: {} },
    })
    const header = { typ: 'secevent+jwt' }
    const allowed = async (token: string) =>
      (await both.verify({ headers: { authorization: `Bearer ${token}` } })).allowed
    const [ours, theirs] = [await idp.issue({ sub: 'eve' }), await other.issue({ sub: 'eve' })]
    for (const iss of [other.issuer, 'https://elsewhere.example']) {
      expect((await pushEvent(receiver, await transmitter.issue(said(issSub('eve', iss)), { header }))).status).toBe(
        202,
      )
    }
    expect([await allowed(ours), await allowed(theirs)]).toEqual([true, true])
    expect((await pushEvent(receiver, await transmitter.issue(said(issSub('eve')), { header }))).status).toBe(202)
    expect([await allowed(ours), await allowed(theirs)]).toEqual([false, true])
    expect(await allowed(await transmitter.issue())).toBe(false)
    const notListed = await idp.issue(said(issSub('eve')), { header })
    expect(JSON.parse((await pushEvent(receiver, notListed)).body)).toMatchObject({ err: 'invalid_issuer' })
    const ownNames = await transmitter.issue(said(issSub('mallory', issuer)), { header })
    const mallory = await idp.issue({ sub: 'mallory' })
    expect((await pushEvent(receiver, ownNames)).status).toBe(202)
    expect(await allowed(mallory)).toBe(false)
    // Its clock is not that of the tokens.
    clock.advance(31)
    expect(await allowed(await idp.issue({ sub: 'mallory', iat: now + 30 }))).toBe(false)
    expect(await allowed(await idp.issue({ sub: 'mallory', iat: now + 31 }))).toBe(true)
    clock.set(now)
    await Promise.all([both.close(), transmitter.close(), other.close()])
  })

  it.each<[object, RegExp]>([
    [{ transmitters: [] }, /at least one/],
    [{ transmitters: [{ issuer: 'https://t.example', jwksUri: 'https://t.example/jwks' }] }, /subjectsOf/],
    [{ transmitters: [{ issuer: idp.issuer, subjectsOf: 'https://other.example' }] }, /does not trust/],
    [{ transmitters: [{ issuer: idp.issuer }, { issuer: idp.issuer }] }, /two transmitters/],
    [{ transmitters: [{ issuer: idp.issuer, secret: 'x' }] }, /no option `secret`/],
    [{ transmitters: [7] }, /must be an object/],
    [{ audience: undefined }, /audience/],
    [{ authorization: '' }, /authorization/],
    [{ onEvent: 7 }, /onEvent/],
    [{ onevent: () => {} }, /onEvent/],
  ])('%j do not build', (spoiled, message) => {
    expect(() => securityEvents(verifier, { ...options, ...spoiled } as never)).toThrow(message)
  })

  it('authenticate where that is asked for', async () => {
    const receiver = securityEvents(verifier, { ...options, authorization: ['Bearer old', 'Bearer new'] })
    const statusWith = async (authorization?: string) => {
      const token = await eventToken(revoked, { sub_id: issSub(someone()) })
      const { status, body } = await pushEvent(receiver, token, authorization === undefined ? {} : { authorization })
      return body === '' ? status : JSON.parse(body).err
    }
    expect(await statusWith('Bearer old')).toBe(202)
    expect(await statusWith('Bearer new')).toBe(202)
    for (const wrong of [undefined, '', 'Bearer', 'Bearer newer', 'bearer new'])
      expect(await statusWith(wrong)).toBe('authentication_failed')
  })
})

describe('RFC 8935 §2: the answer', () => {
  it('to an event is 202 and empty', async () => {
    const answer = await pushEvent(events, await eventToken(revoked, { sub_id: issSub(someone()) }))
    expect(answer).toEqual({ status: 202, headers: { 'Cache-Control': 'no-store' }, body: '' })
  })

  it('to a bad one names an error and describes it, in a language, without a word of the token', async () => {
    const answer = await pushEvent(events, await eventToken(revoked, { aud: 'a secret' }))
    expect(answer.headers).toMatchObject({ 'Content-Type': 'application/json', 'Content-Language': 'en' })
    expect(JSON.parse(answer.body)).toEqual({
      err: 'invalid_audience',
      description: 'The token is meant for another audience',
    })
  })

  it('comes after the state has it', async () => {
    const name = someone()
    const token = await idp.issue({ sub: name })
    const heard: string[] = []
    const receiver = securityEvents(verifier, {
      ...options,
      onEvent: async () => void heard.push(await verdict(token)),
    })
    await pushEvent(receiver, await eventToken(revoked, { sub_id: issSub(name) }))
    expect(heard).toEqual(['token_revoked'])
  })

  it('is 503 while the keys cannot be fetched, and the same token is good afterwards', async () => {
    await using other = await createSenders({ isFetched: true })
    other.idp.fail(500)
    const receiver = securityEvents(other.verifier, options)
    const token = await other.eventToken(revoked)
    expect(await pushEvent(receiver, token)).toMatchObject({
      status: 503,
      headers: { 'Retry-After': expect.anything() },
    })
    other.idp.recover()
    await expect.poll(async () => (await pushEvent(receiver, token)).status, { timeout: 10_000 }).toBe(202)
  })

  it.each<[string, string, object, unknown, number]>([
    ['no content type', 'POST', {}, '{token}', 400],
    ['a form', 'POST', { 'content-type': 'application/x-www-form-urlencoded' }, 'x={token}', 400],
    ['a GET', 'GET', { 'content-type': 'application/secevent+jwt' }, '{token}', 405],
    ['an object', 'POST', { 'content-type': 'application/secevent+jwt' }, { token: '{token}' }, 400],
    ['nothing', 'POST', { 'content-type': 'application/secevent+jwt' }, undefined, 400],
    ['a line end after the token', 'POST', { 'content-type': 'application/secevent+jwt' }, '{token}\r\n', 202],
    ['too much', 'POST', { 'content-type': 'application/secevent+jwt' }, `{token}${' '.repeat(65_536)}`, 413],
  ])('to %s', async (_, method, headers, body, status) => {
    const token = await eventToken(revoked, { sub_id: issSub(someone()) })
    const sent = typeof body === 'string' ? body.replace('{token}', token) : body
    expect((await events.handle({ method, headers: headers as never, body: sent })).status).toBe(status)
  })
})

describe('onEvent', () => {
  it('hears of every event once, with what it has taken back', async () => {
    const heard: SecurityEvent[] = []
    const receiver = securityEvents(verifier, { ...options, onEvent: (event) => void heard.push(event) })
    const [name, email] = [someone(), { format: 'email', email: 'ann@example.com' }]
    const first = await eventToken(revoked, { sub_id: issSub(name) })
    const second = await eventToken(`${risc}account-purged`, { sub_id: email }, { x: 1 })
    await Promise.all([first, first, first].map((token) => pushEvent(receiver, token)))
    await pushEvent(receiver, second)
    await pushEvent(receiver, first)
    expect(heard).toMatchObject([
      { type: revoked, transmitter: idp.issuer, issuedAt: now, revocations: [{ subject: name, issuer: idp.issuer }] },
      { type: `${risc}account-purged`, subject: email, payload: { x: 1 }, revocations: [] },
    ])
  })

  it('that fails lets the transmitter try again', async () => {
    let tries = 0
    const receiver = securityEvents(verifier, {
      ...options,
      onEvent: async () => {
        tries += 1
        if (tries === 1) throw new RangeError('the database is away')
      },
    })
    const token = await eventToken(revoked, { sub_id: issSub(someone()) })
    await expect(pushEvent(receiver, token)).rejects.toThrow(RangeError)
    expect((await pushEvent(receiver, token)).status).toBe(202)
    expect(tries).toBe(2)
  })
})

describe('the operator', () => {
  it.each<[string, object, string, RegExp]>([
    [revoked, {}, 'revoked', /session-revoked/],
    [`${ssf}stream-updated`, { status: 'paused' }, 'alarm', /stopped/],
    [`${ssf}stream-updated`, { status: 'enabled' }, 'ignored', /stream-updated/],
    [`${ssf}verification`, { state: 'a secret' }, 'ignored', /^verification/],
    ['https://example.com/a-secret', {}, 'ignored', /not understood/],
  ])('hears of %s with %j', async (type, payload, outcome, reason) => {
    const received = await receivedWhile(async () =>
      push(await eventToken(type, { sub_id: issSub(someone()) }, payload)),
    )
    expect(received).toMatchObject([{ receiver: 'security-events', outcome, issuer: idp.issuer }])
    expect(received[0]?.reason).toMatch(reason)
    expect(received[0]?.reason).not.toMatch(/secret/)
  })

  it('hears of an event that logs out by a word of another specification: nothing', async () => {
    const received = await receivedWhile(async () => push(await eventToken(logoutEvent)))
    expect(received).toMatchObject([{ outcome: 'ignored' }])
  })
})
