import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { afterAll, afterEach, describe, expect, it } from 'vitest'
import type { DecisionEvent, KeysEvent } from './events.js'
import { scope } from './policy/words.js'
import { createTestClock, createTestIssuer } from './testing.js'
import { createVerifier } from './verifier.js'

const clock = createTestClock()
const idp = await createTestIssuer({ clock })
afterAll(() => idp.close())

const watched: (() => void)[] = []
afterEach(() => {
  for (const stop of watched.splice(0)) stop()
})

function watch<Event>(name: string): Event[] {
  const events: Event[] = []
  const listener = (event: unknown) => void events.push(event as Event)
  subscribe(name, listener)
  watched.push(() => unsubscribe(name, listener))
  return events
}

const inline = { issuer: idp.issuer, audience: idp.audience, jwks: idp.jwks, clock }
const bearer = (token: string) => ({ headers: { authorization: `Bearer ${token}` } })

describe('sallyport:decision', () => {
  it('tells of a request that passes, and of its issuer', async () => {
    const events = watch<DecisionEvent>('sallyport:decision')
    await createVerifier(inline).verify(bearer(await idp.issue()))
    expect(events).toEqual([{ allowed: true, issuer: idp.issuer }])
  })

  it('tells of an anonymous one', async () => {
    const events = watch<DecisionEvent>('sallyport:decision')
    await createVerifier({ ...inline, optional: true }).verify({ headers: {} })
    expect(events).toEqual([{ allowed: true }])
  })

  it('tells of one that is refused: why, but not by whose token', async () => {
    const events = watch<DecisionEvent>('sallyport:decision')
    await createVerifier(inline).verify(bearer(await idp.issue({ aud: 'other' })))
    expect(events).toEqual([
      { allowed: false, code: 'audience_mismatch', reason: expect.stringMatching(/^`aud` .+[^.]$/) },
    ])
  })

  it('tells of bare tokens, of authorize, and of each sight of one token', async () => {
    const events = watch<DecisionEvent>('sallyport:decision')
    const verifier = createVerifier(inline)
    const token = await idp.issue()
    for (let sight = 0; sight < 3; sight++) await verifier.verifyToken(token)
    await verifier.authorize(await verifier.verifyToken(token), scope('write'))
    await expect(verifier.verifyToken('')).rejects.toThrow()
    const verdicts = events.map(({ allowed, code }) => code ?? allowed)
    expect(verdicts).toEqual([true, true, true, true, 'scope_insufficient', 'token_malformed'])
  })

  it('tells nothing of an explanation: it decides nothing', async () => {
    const events = watch<DecisionEvent>('sallyport:decision')
    await createVerifier(inline).explain(bearer(await idp.issue({ aud: 'other' })))
    expect(events).toEqual([])
  })
})

describe('sallyport:keys', () => {
  it('tells of a set that was fetched, and of one that could not be', async () => {
    const events = watch<KeysEvent>('sallyport:keys')
    const verifier = createVerifier({ issuer: idp.issuer, audience: idp.audience, clock })
    await verifier.verifyToken(await idp.issue())
    clock.advance(10_000)
    idp.fail()
    await expect(verifier.verifyToken(await idp.issue())).rejects.toMatchObject({ code: 'keys_unavailable' })
    idp.recover()
    expect(events.map(({ outcome, keys }) => [outcome, keys])).toEqual([
      ['refreshed', 1],
      ['failed', 1],
    ])
    expect(events.every(({ issuer }) => issuer === idp.issuer)).toBe(true)
    await verifier.close()
  })
})

describe('what an event never holds', () => {
  it('is a token, a claim value, a key or a key id', async () => {
    const events = [watch('sallyport:decision'), watch('sallyport:keys')]
    const verifier = createVerifier({ issuer: idp.issuer, audience: idp.audience, clock, claims: undefined })
    const secrets = { sub: 'secret-sub', tenant: 'secret-tenant' }
    const tokens = [
      await idp.issue(secrets),
      await idp.issue({ ...secrets, aud: 'secret-aud' }),
      await idp.issue({ ...secrets, exp: 'secret-exp' }),
      await idp.issue({ ...secrets, iss: 'secret-iss' }),
      await idp.issue(secrets, { header: { kid: 'secret-kid' } }),
      await idp.issue(secrets, { header: { typ: 'secret-typ' } }),
      await idp.issue(secrets, { header: { jku: 'https://secret-jku.example' } }),
    ]
    for (const token of tokens) await verifier.verify(bearer(token), scope('read'))
    const text = JSON.stringify(events)
    expect(text).not.toContain('secret')
    for (const token of tokens) for (const segment of token.split('.')) expect(text).not.toContain(segment)
    expect(text).not.toContain((idp.key.publicJwk as { x: string }).x)
    await verifier.close()
  })
})
