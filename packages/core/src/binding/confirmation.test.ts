import { describe, expect, it } from 'vitest'
import { readConfirmation } from './confirmation.js'

const jkt = '0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I' // RFC 9449 §6.1
const certificate = 'bwcK0esc3ACC3DB2Y5_lESsXE8o9ltc05O89jdN-dg2' // RFC 8705 §3.1

describe('RFC 7800 §3.1: cnf', () => {
  it('says to which key or certificate a token is bound', () => {
    expect(readConfirmation({ jkt })).toEqual({ jkt })
    expect(readConfirmation({ 'x5t#S256': certificate })).toEqual({ certificate })
    expect(readConfirmation({ jkt, 'x5t#S256': certificate, kid: '1' })).toEqual({ jkt, certificate })
  })

  it.each([
    { jwk: {} },
    { 'x-new-binding': 1 },
    { jkt: `${jkt}A` },
    { jkt: jkt.slice(1) },
    { jkt: `${jkt.slice(1)}=` },
    { jkt: [jkt] },
    { jkt, 'x5t#S256': 7 },
    { jkt: '', 'x5t#S256': certificate },
    {},
    [],
    [jkt],
    null,
    '',
    jkt,
    0,
    false,
  ])('R-8705-4: refuses a token bound by %j: a binding that cannot be checked is not met', (confirmation) => {
    const refusal = expect.objectContaining({
      code: 'binding_missing',
      claim: 'cnf',
      message: expect.stringMatching(/^[`\w].+[^.]$/),
    })
    expect(() => readConfirmation(confirmation)).toThrow(refusal)
  })
})
