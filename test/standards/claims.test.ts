// The claims of a token (RFC 7519 §4.1, RFC 8725bis).
import { describe, expect, it } from 'vitest'
import { claims, createSigner, issuer, now, type Part, verdict, verifierFor } from '../fixtures/signer.js'

const signer = createSigner('ES256')

/** The verdict on a token that is good but for these claims. */
function judge(payload: Part, options: Readonly<Record<string, unknown>> = {}, header: Part = {}): Promise<string> {
  return verdict(verifierFor(signer, options), signer.token(header, payload))
}

/** The claims as text, with one written in a way that `JSON.stringify` never would. */
const written = (name: string, value: string): string =>
  JSON.stringify({ ...claims, [name]: '@' }).replace('"@"', value)

it('R-CLM: the good token, which the tests below spoil in one place, is accepted', async () => {
  expect(await judge({})).toBe('accepted')
})

describe('R-CLM-1: exp', () => {
  it('R-CLM-1 holds until exp and the tolerance have passed, and not a second longer', async () => {
    expect(await judge({ iat: now - 300, exp: now - 29 })).toBe('accepted')
    expect(await judge({ iat: now - 300, exp: now - 30 })).toBe('token_expired')
  })

  it('R-CLM-1 may have fractions', async () => {
    expect(await judge({ iat: now - 300, exp: now - 29.5 })).toBe('accepted')
    expect(await judge({ iat: now - 300, exp: now - 30.5 })).toBe('token_expired')
  })

  it.each([`"${now + 300}"`, 'null', 'true', `[${now + 300}]`, '{}', '1e999', '-1e999', '253402300800'])(
    'R-CLM-1 is no date as %s',
    async (value) => {
      expect(await judge(written('exp', value))).toBe('claim_invalid')
    },
  )

  it('R-CLM-1 must be there', async () => {
    expect(await judge({ exp: undefined })).toBe('claim_missing')
  })

  it('R-CLM-1 is no further away than the options allow', async () => {
    const limits = { maxTokenLifetimeSeconds: 3_600, clockToleranceSeconds: 0 }
    expect(await judge({ exp: now + 3_600 }, limits)).toBe('accepted')
    expect(await judge({ exp: now + 3_601 }, limits)).toBe('claim_invalid')
  })
})

describe('R-CLM-2: nbf', () => {
  it('R-CLM-2 has come, less the tolerance', async () => {
    expect(await judge({ nbf: now + 30 })).toBe('accepted')
    expect(await judge({ nbf: now + 31 })).toBe('token_not_active')
  })

  it.each([`"${now}"`, 'null', 'true', '[]', '{}', '1e999'])('R-CLM-2 is no date as %s', async (value) => {
    expect(await judge(written('nbf', value))).toBe('claim_invalid')
  })
})

describe('R-CLM-3: iat', () => {
  it('R-CLM-3 is no more than the tolerance ahead', async () => {
    expect(await judge({ iat: now + 30 })).toBe('accepted')
    expect(await judge({ iat: now + 31 })).toBe('token_not_active')
  })

  it('R-CLM-3 is not after exp', async () => {
    expect(await judge({ iat: now + 10, exp: now + 10 })).toBe('accepted')
    expect(await judge({ iat: now + 11, exp: now + 10 })).toBe('claim_invalid')
  })

  it('R-CLM-3 begins the greatest age', async () => {
    const limits = { maxTokenAgeSeconds: 600 }
    expect(await judge({ iat: now - 629 }, limits)).toBe('accepted')
    expect(await judge({ iat: now - 630 }, limits)).toBe('token_too_old')
    expect(await judge({ iat: undefined }, limits)).toBe('claim_missing')
  })

  it.each([`"${now}"`, 'null', 'true', '[]', '{}', '-1e999'])('R-CLM-3 is no date as %s', async (value) => {
    expect(await judge(written('iat', value))).toBe('claim_invalid')
  })
})

describe('R-CLM-4: iss', () => {
  it.each([
    `${issuer}/`,
    `${issuer}//`,
    issuer.toUpperCase(),
    issuer.replace('https', 'HTTPS'),
    issuer.replace('https', 'http'),
    issuer.replace('example', 'ex%61mple'),
    `${issuer}:443`,
    ` ${issuer}`,
    `${issuer}\u200b`,
    `${issuer}\0`,
    '',
  ])('R-CLM-4 is equal by code points, so not %j', async (iss) => {
    expect(await judge({ iss })).toBe('issuer_untrusted')
  })

  it('R-CLM-4 is not normalised as Unicode', async () => {
    const [composed, decomposed] = ['https://id\u00e9.example', 'https://ide\u0301.example']
    expect(await judge({ iss: composed }, { issuer: composed })).toBe('accepted')
    expect(await judge({ iss: decomposed }, { issuer: composed })).toBe('issuer_untrusted')
  })

  it.each([[[issuer]], [null], [7], [{}]])('R-CLM-4 is a string, so not %j', async (iss) => {
    expect(await judge({ iss })).toBe('claim_invalid')
  })

  it('R-CLM-4 must be there', async () => {
    expect(await judge({ iss: undefined })).toBe('claim_missing')
  })
})

describe('R-CLM-5: aud', () => {
  const audience = ['https://api.example.com', 'orders']

  it.each([['orders'], [['orders']], [['x', 'https://api.example.com']]])('R-CLM-5 names us as %j', async (aud) => {
    expect(await judge({ aud }, { audience })).toBe('accepted')
  })

  it.each([
    ['https://api.example.com/'],
    ['https://api.example'],
    ['https://api.example.com orders'],
    ['Orders'],
    ['order'],
    [''],
    [[]],
    [['x']],
  ])('R-CLM-5 names somebody else as %j', async (aud) => {
    expect(await judge({ aud }, { audience })).toBe('audience_mismatch')
  })

  it.each([[[['orders']]], [{ orders: true }], [['orders', 7]], [null], [7], [true]])(
    'R-CLM-5 is a string or an array of strings, so not %j',
    async (aud) => {
      expect(await judge({ aud }, { audience })).toBe('claim_invalid')
    },
  )

  it('R-CLM-5 must be there', async () => {
    expect(await judge({ aud: undefined })).toBe('claim_missing')
  })
})

describe('R-CLM-6: sub and jti', () => {
  it.each(['sub', 'jti'])('R-CLM-6 %s is a string that is not empty', async (name) => {
    expect(await judge({ [name]: 'x' })).toBe('accepted')
    for (const value of ['', 7, null, true, ['x'], {}]) expect(await judge({ [name]: value })).toBe('claim_invalid')
  })
})

describe('R-CLM-7: kinds of tokens exclude each other', () => {
  it.each(['JWT', 'id+jwt', 'logout+jwt', 'secevent+jwt', 'dpop+jwt', 'token-introspection+jwt', 'statuslist+jwt'])(
    'R-CLM-7 refuses the type %s',
    async (typ) => {
      expect(await judge({}, {}, { typ })).toBe('token_type_rejected')
    },
  )

  it.each(['nonce', 'at_hash', 'c_hash', 's_hash', 'events'])(
    'R-CLM-7 refuses %s where plain tokens are accepted',
    async (mark) => {
      expect(await judge({}, { profile: 'jwt' }, { typ: 'JWT' })).toBe('accepted')
      expect(await judge({ [mark]: 'x' }, { profile: 'jwt' }, { typ: 'JWT' })).toBe('token_type_rejected')
    },
  )

  it('R-CLM-7 refuses what another profile would accept', async () => {
    expect(await judge({ cid: 'app' }, { profile: 'okta' }, { typ: 'JWT' })).toBe('accepted')
    expect(await judge({ cid: 'app' }, { profile: 'keycloak' }, { typ: 'JWT' })).toBe('token_type_rejected')
  })
})

describe('R-CLM-8: the tolerance', () => {
  it('R-CLM-8 is 30 seconds by default, and at most five minutes', async () => {
    expect(await judge({ iat: now - 400, exp: now - 299 }, { clockToleranceSeconds: 300 })).toBe('accepted')
    expect(() => verifierFor(signer, { clockToleranceSeconds: 301 })).toThrow('clockToleranceSeconds')
    expect(() => verifierFor(signer, { clockToleranceSeconds: -1 })).toThrow('clockToleranceSeconds')
  })
})

describe('R-CLM-9: claim values are input', () => {
  const values = ['__proto__', 'constructor', '../../etc/passwd', "' OR 1=1 --", '%0d%0a', '\r\nSet-Cookie: a=b']

  it.each(values)('R-CLM-9 hands %j on as it is, and says it nowhere', async (value) => {
    const token = signer.token({}, { sub: value, tenant: value })
    expect((await verifierFor(signer).verifyToken(token)).claims).toMatchObject({ sub: value, tenant: value })
    const refused = await verifierFor(signer, { audience: 'other' }).verify({
      headers: { authorization: `Bearer ${token}` },
    })
    expect(JSON.stringify(refused)).not.toContain(JSON.stringify(value).slice(1, -1))
  })

  it('R-CLM-9 is not misled by a claim that is named like a member of every object', async () => {
    const payload = written(
      'sub',
      '"ann","__proto__":{"scope":"admin"},"constructor":"x","hasOwnProperty":1,"toString":1',
    )
    const auth = await verifierFor(signer).verifyToken(signer.token({}, payload))
    expect(auth.scopes).toEqual([])
    expect(Object.getPrototypeOf(auth.claims)).toBe(Object.prototype)
  })
})
