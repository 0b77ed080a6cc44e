import { describe, expect, it } from 'vitest'
import { AnswerError, greatestAgeSeconds, openSignedAnswer, readAnswer } from './introspection-answer.js'

describe('RFC 7662 §2.2: `active`', () => {
  it('is the boolean true', () => {
    const answer = { active: true, sub: 'ann' }
    expect(readAnswer(answer)).toBe(answer)
  })

  it.each([[false], ['true'], [1], [null], [{}], [[true]]])('is not %j', (active) => {
    expect(readAnswer({ active, sub: 'ann' })).toBeUndefined()
  })

  it('is not what is missing, or is not its own', () => {
    expect(readAnswer({})).toBeUndefined()
    expect(readAnswer(Object.create({ active: true }))).toBeUndefined()
  })
})

describe('RFC 9701 §5: a signed answer', () => {
  const now = 1_800_000_000
  const rules = { issuer: 'https://idp.example.com', clientId: 'api', clockToleranceSeconds: 30, now }
  const answer = { active: true }
  const good = { iss: rules.issuer, aud: 'api', iat: now, token_introspection: answer }

  it.each([
    [{}],
    [{ aud: ['other', 'api'] }],
    [{ iat: now + 30 }],
    [{ iat: now - 30 - greatestAgeSeconds }],
    [{ sub: 'x', exp: 1 }],
  ])('is one with %j', (members) => {
    expect(openSignedAnswer({ ...good, ...members }, rules)).toBe(answer)
  })

  it.each([
    [{ iss: undefined }],
    [{ iss: `${rules.issuer}/` }],
    [{ aud: undefined }],
    [{ aud: 'API' }],
    [{ aud: ['other'] }],
    [{ aud: 'api other' }],
    [{ iat: undefined }],
    [{ iat: String(now) }],
    [{ iat: now + 31 }],
    [{ iat: now - 31 - greatestAgeSeconds }],
    [{ token_introspection: undefined }],
    [{ token_introspection: null }],
    [{ token_introspection: 'x' }],
    [{ token_introspection: [answer] }],
  ])('is none with %j', (members) => {
    expect(() => openSignedAnswer({ ...good, ...members }, rules)).toThrow(AnswerError)
  })

  it('is none for a clock that does not know', () => {
    expect(() => openSignedAnswer(good, { ...rules, now: Number.NaN })).toThrow(AnswerError)
  })
})
