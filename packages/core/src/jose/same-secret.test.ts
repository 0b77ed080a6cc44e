import { describe, expect, it } from 'vitest'
import { createSecretMatcher } from './same-secret.js'

describe('a matcher of secrets', () => {
  const isSecret = createSecretMatcher(['Bearer one', 'Bearer two'])

  it.each(['Bearer one', 'Bearer two'])('knows each of them: %s', (text) => {
    expect(isSecret(text)).toBe(true)
  })

  it.each(['', 'Bearer', 'Bearer one ', 'bearer one', 'Bearer oneBearer two', 'Bearer onE'])(
    'and nothing else: %j',
    (text) => {
      expect(isSecret(text)).toBe(false)
    },
  )
})
