import { describe, expect, it } from 'vitest'
import { ConfigurationError } from './errors.js'
import { requireKnownOptions, requireSeconds, requireStrings } from './option-checks.js'

const refused = (message: RegExp) =>
  expect.objectContaining({ name: ConfigurationError.name, message: expect.stringMatching(message) })

describe('requireKnownOptions', () => {
  const known = ['audience', 'issuer']

  it('lets known options pass', () => {
    expect(() => requireKnownOptions({}, known, 'a verifier')).not.toThrow()
    expect(() => requireKnownOptions({ issuer: undefined, audience: 1 }, known, 'a verifier')).not.toThrow()
  })

  it('refuses an option that does not exist, and says which one is near', () => {
    expect(() => requireKnownOptions({ audiense: 'api' }, known, 'a verifier')).toThrow(
      refused(/^a verifier has no option `audiense`; did you mean `audience`\?$/),
    )
  })

  it.each(['issr', 'issuer123', 'audiencexyz'])('guesses from %s, which is as far off as it may be', (name) => {
    expect(() => requireKnownOptions({ [name]: 1 }, known, 'a verifier')).toThrow(refused(/did you mean/))
  })

  it.each(['isr', 'issuer1234'])('does not guess from %s, which is one letter further', (name) => {
    expect(() => requireKnownOptions({ [name]: 1 }, known, 'a verifier')).toThrow(refused(/`$/))
  })

  it('does not guess where none is near', () => {
    expect(() => requireKnownOptions({ passphrase: 'x' }, known, 'an issuer')).toThrow(
      refused(/^an issuer has no option `passphrase`$/),
    )
  })
})

describe('requireStrings', () => {
  it('answers one string or many as an array', () => {
    expect(requireStrings('a', '`audience`')).toEqual(['a'])
    expect(requireStrings(['a', 'b'], '`audience`')).toEqual(['a', 'b'])
  })

  it.each([undefined, null, '', 7, {}, [[]], [['']], [['a', '']], [['a', 7]]])('refuses %j', (value) => {
    expect(() => requireStrings(value, '`audience`')).toThrow(refused(/^`audience` must/))
  })
})

describe('requireSeconds', () => {
  it.each([0, 0.5, 300])('lets %s pass, between 0 and 300', (value) => {
    expect(requireSeconds(value, '`clockToleranceSeconds`', 0, 300)).toBe(value)
  })

  it.each([-1, -0.001, 300.001, Number.NaN, Number.POSITIVE_INFINITY, '30', null, undefined, [30]])(
    'refuses %s',
    (value) => {
      const judge = () => requireSeconds(value, '`clockToleranceSeconds`', 0, 300)
      expect(judge).toThrow(refused(/^`clockToleranceSeconds` must .+ 0 to 300$/))
    },
  )
})
