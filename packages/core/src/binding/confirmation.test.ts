import { describe, expect, it } from 'vitest'
import { requireUnbound } from './confirmation.js'

describe('RFC 7800 §3.1: cnf', () => {
  it('is not asked of a token that is bound to nobody', () => {
    expect(() => requireUnbound(undefined)).not.toThrow()
  })

  it.each([
    { jkt: '0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I' },
    { 'x5t#S256': 'bwcK0esc3ACC3DB2Y5_lESsXE8o9ltc05O89jdN-dg2' },
    { jwk: {} },
    { 'x-new-binding': 1 },
    {},
    [],
    null,
    '',
    0,
    false,
  ])('refuses a token bound by %j: a binding that cannot be checked is not met', (confirmation) => {
    const refusal = expect.objectContaining({
      code: 'binding_missing',
      claim: 'cnf',
      message: expect.stringMatching(/^the .+[^.]$/),
    })
    expect(() => requireUnbound(confirmation)).toThrow(refusal)
  })
})
