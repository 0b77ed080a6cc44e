import { describe, expect, it } from 'vitest'
import { isOpaque } from './token-shape.js'

const header = Buffer.from('{"alg":"ES256","typ":"at+jwt"}').toString('base64url')
const spaced = Buffer.from(' \n{"alg":"ES256"}').toString('base64url')

describe('which way a token goes', () => {
  it.each([
    ['a JWS', `${header}.e30.c2ln`],
    ['a JWS with white space in its header', `${spaced}.e30.c2ln`],
    ['a JWS that was cut off', `${header}.e30`],
    ['a JWS with a segment too many', `${header}.e30.c2ln.x`],
    ['a JWS of `none`', `${Buffer.from('{"alg":"none"}').toString('base64url')}.e30.`],
    ['a header that is no whole object', 'eyJ.e30.c2ln'],
  ])('%s is no opaque token', (_, token) => {
    expect(isOpaque(token, false)).toBe(false)
    expect(isOpaque(token, true)).toBe(false)
  })

  it.each([
    ['a handle', '2YotnFZFEjr1zCsicMWpAA'],
    ['a handle of two parts', 'ory_at_8Hq1.T3m5'],
    ['a handle of three parts', 'a.b.c'],
    ['a token of PASETO', 'v4.public.eyJzdWIiOiJhbm4ifQ'],
    ['an array in base64url', `${Buffer.from('[1]').toString('base64url')}.e30.c2ln`],
    ['the header of a JWS alone', header],
  ])('%s is one', (_, token) => {
    expect(isOpaque(token, false)).toBe(true)
    expect(isOpaque(token, true)).toBe(true)
  })

  it('a JWE is one where nobody opens it', () => {
    const jwe = `${header}.a.b.c.d`
    expect(isOpaque(jwe, false)).toBe(true)
    expect(isOpaque(jwe, true)).toBe(false)
  })
})
