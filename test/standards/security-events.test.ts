// Security events that are pushed (RFC 8417, RFC 8935, the Shared Signals Framework with CAEP and RISC), and how long a revocation
// lives. Each rule is shown once here; their neighbours are in test/receivers.
import { createMemoryState, type SecurityEvent, securityEvents } from '@sallyport/core'
import { createTestClock, type TestClaims } from '@sallyport/core/testing'
import { afterAll, describe, expect, it } from 'vitest'
import { caep, createSenders, pushEvent, risc, ssf, streamAudience } from '../receivers/senders.js'

const world = await createSenders()
afterAll(() => world[Symbol.asyncDispose]())
const { clock, idp, verifier, eventToken, verdict } = world
const options = { audience: streamAudience }
const receiver = securityEvents(verifier, options)
const revoked = `${caep}session-revoked`
const now = clock()

let people = 0
const someone = () => `person-${++people}`
const issSub = (sub: string) => ({ format: 'iss_sub', iss: idp.issuer, sub })
const push = async (token: string) => pushEvent(receiver, token)

describe('R-SET: security event tokens (RFC 8417)', () => {
  it.each<[object, object, number]>([
    [{}, {}, 202],
    [{ iat: undefined }, {}, 400],
    [{ jti: undefined }, {}, 400],
    [{ iss: undefined }, {}, 400],
    [{ events: {} }, {}, 400],
    [{ exp: now + 60 }, {}, 400],
    [{}, { typ: 'JWT' }, 400],
    [{}, { typ: 'at+jwt' }, 400],
  ])('R-SET-1 has iss, iat, jti, events and a type of its own, and no exp: %j, %j', async (claims, header, status) => {
    const token = await eventToken(revoked, { sub_id: issSub(someone()), ...claims }, {}, header as never)
    expect((await push(token)).status).toBe(status)
  })

  it('R-SET-1 is no access token, whatever its type says', async () => {
    const confused = await idp.issue({ events: { [revoked]: {} } }, { header: { typ: 'secevent+jwt' } })
    expect(await verdict(confused)).toBe('token_type_rejected')
  })
})

describe('R-SSF: the Shared Signals Framework', () => {
  it.each<[object, number]>([
    [{ aud: [streamAudience, 'other'] }, 202],
    [{ aud: 'other' }, 400],
    [{ iss: 'https://other.example' }, 400],
    [{ sub: 'ann' }, 400],
  ])('R-SSF-1 names its transmitter, us, and its principal by sub_id alone: %j', async (claims, status) => {
    expect((await push(await eventToken(revoked, { sub_id: issSub(someone()), ...claims }))).status).toBe(status)
  })

  it('R-SSF-1 is discarded for a member of its subject that must be understood and is not', async () => {
    const careful = securityEvents(verifier, { ...options, criticalSubjectMembers: ['device'] })
    const name = someone()
    const device = { format: 'opaque', id: 'd' }
    const token = await idp.issue({ sub: name })
    const event = () => eventToken(revoked, { sub_id: { format: 'complex', user: issSub(name), device } })
    expect((await pushEvent(careful, await event())).status).toBe(202)
    expect(await verdict(token)).toBe('allowed')
    await push(await event())
    expect(await verdict(token)).toBe('token_revoked')
  })
})

describe('R-8935: delivery by push (RFC 8935)', () => {
  it('R-8935-1 is acknowledged with 202 and nothing else, once it is acted upon, and acted upon once', async () => {
    const heard: SecurityEvent[] = []
    const counting = securityEvents(verifier, { ...options, onEvent: (event) => void heard.push(event) })
    const name = someone()
    const access = await idp.issue({ sub: name })
    const token = await eventToken(revoked, { sub_id: issSub(name) })
    expect(await pushEvent(counting, token)).toMatchObject({ status: 202, body: '' })
    expect(await verdict(access)).toBe('token_revoked')
    expect(await pushEvent(counting, token)).toMatchObject({ status: 202, body: '' })
    expect(heard).toHaveLength(1)
  })

  it.each<[string, TestClaims, TestClaims]>([
    ['invalid_request', { jti: undefined }, {}],
    ['invalid_key', {}, { kid: 'unknown' }],
    ['invalid_issuer', { iss: 'https://other.example' }, {}],
    ['invalid_audience', { aud: 'other' }, {}],
  ])('R-8935-2 is refused with 400 and %s', async (err, claims, header) => {
    const { status, headers, body } = await push(await eventToken(revoked, claims, {}, header as never))
    expect([status, headers['Content-Type'], headers['Content-Language']]).toEqual([400, 'application/json', 'en'])
    expect(JSON.parse(body)).toEqual({ err, description: expect.any(String) })
  })

  it('R-8935-2 of a transmitter that has not authenticated is refused with authentication_failed', async () => {
    const asking = securityEvents(verifier, { ...options, authorization: 'Bearer secret' })
    const token = await eventToken(revoked, { sub_id: issSub(someone()) })
    const { status, body } = await pushEvent(asking, token, { authorization: 'Bearer guess' })
    expect([status, JSON.parse(body).err]).toEqual([400, 'authentication_failed'])
    expect((await pushEvent(asking, token, { authorization: 'Bearer secret' })).status).toBe(202)
  })
})

describe('R-CAEP: what events mean', () => {
  it('R-CAEP-1 a session that was revoked takes back what its subject was issued up to the time of the event', async () => {
    const name = someone()
    const [before, after] = [await idp.issue({ sub: name, iat: now - 60 }), await idp.issue({ sub: name })]
    await push(await eventToken(revoked, { sub_id: issSub(name) }, { event_timestamp: now - 30 }))
    expect([await verdict(before), await verdict(after)]).toEqual(['token_revoked', 'allowed'])
  })

  it.each([
    [`${caep}token-claims-change`, {}],
    [`${caep}credential-change`, { change_type: 'revoke' }],
    [`${risc}account-disabled`, {}],
    [`${risc}account-purged`, {}],
    [`${risc}credential-compromise`, {}],
    [`${risc}sessions-revoked`, {}],
  ])('R-CAEP-1 %s takes back what its subject was issued up to then', async (type, payload) => {
    const name = someone()
    const token = await idp.issue({ sub: name })
    await push(await eventToken(type, { sub_id: issSub(name) }, payload))
    expect(await verdict(token)).toBe('token_revoked')
  })

  it.each([
    { format: 'email', email: 'ann@example.com' },
    { format: 'iss_sub', iss: 'https://other.example', sub: 'ann' },
    { format: 'opaque', id: 'nobody that is known here' },
  ])('R-CAEP-2 an event about somebody unknown is acknowledged: %j', async (sub_id) => {
    expect((await push(await eventToken(revoked, { sub_id }))).status).toBe(202)
  })

  it('R-CAEP-2 a verification hands its state to the application, and takes nothing back', async () => {
    const heard: SecurityEvent[] = []
    const listening = securityEvents(verifier, { ...options, onEvent: (event) => void heard.push(event) })
    const name = someone()
    const token = await idp.issue({ sub: name })
    await pushEvent(listening, await eventToken(`${ssf}verification`, { sub_id: issSub(name) }, { state: 'one' }))
    expect(heard).toMatchObject([{ payload: { state: 'one' }, revocations: [] }])
    expect(await verdict(token)).toBe('allowed')
  })
})

describe('R-REV: how long a revocation lives', () => {
  it('R-REV-1 until the newest token that it could be about has expired, by any clock', async () => {
    const clock = createTestClock()
    const state = createMemoryState({ clock, maxRevocations: 1 })
    await using small = await createSenders({ state, clock })
    const bounded = securityEvents(small.verifier, { ...options, tokenLifetimeSeconds: 600 })
    const about = async (sub: string) => {
      const sub_id = { format: 'iss_sub', iss: small.idp.issuer, sub }
      return (await pushEvent(bounded, await small.eventToken(revoked, { sub_id }))).status
    }
    const newest = await small.idp.issue({ sub: 'ann', iat: clock() }, { expiresInSeconds: 600 })
    expect(await about('ann')).toBe(202)
    clock.advance(629) // its last second, by the tolerance
    expect(await small.verdict(newest)).toBe('token_revoked')
    expect(await about('bob')).toBe(503) // there is no room, and none is made
    expect(await small.verdict(newest)).toBe('token_revoked')
    clock.advance(302)
    expect(await about('bob')).toBe(202)
  })
})
