import { describe, expect, it } from 'vitest'
import { ConfigurationError } from '../errors.js'
import { formatDuration, parseDuration } from './duration.js'

describe('parseDuration', () => {
  it.each([
    ['1s', 1],
    ['90s', 90],
    ['15m', 900],
    ['8h', 28_800],
    ['30d', 2_592_000],
    ['999999999s', 999_999_999],
  ])('reads %s as %i seconds', (text, seconds) => {
    expect(parseDuration(text, 'it')).toBe(seconds)
  })

  it.each([
    '',
    '0s',
    '015m',
    '-1m',
    '1.5h',
    '15',
    'm',
    '15 m',
    '15M',
    '15m ',
    '15m\n',
    '1w',
    '9999999999s',
    900,
    null,
    ['15m'],
  ])('refuses %j', (text) => {
    expect(() => parseDuration(text, 'within()')).toThrow(ConfigurationError)
    expect(() => parseDuration(text, 'within()')).toThrow(/^within\(\) takes a duration such as '90s', '15m'/)
  })
})

describe('formatDuration', () => {
  it.each([
    [1, '1s'],
    [59, '59s'],
    [60, '1m'],
    [61, '61s'],
    [900, '15m'],
    [3_600, '1h'],
    [5_400, '90m'],
    [86_400, '1d'],
    [90_000, '25h'],
    [86_401, '86401s'],
  ])('writes %i seconds as %s', (seconds, text) => {
    expect(formatDuration(seconds)).toBe(text)
    expect(parseDuration(text, 'it')).toBe(seconds)
  })
})
