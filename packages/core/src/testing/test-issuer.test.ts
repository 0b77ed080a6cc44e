import { decodeJwt, decodeProtectedHeader } from 'jose'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { createTestClock } from './test-clock.js'
import { createTestIssuer, type TestIssuer } from './test-issuer.js'

const clock = createTestClock()
let idp: TestIssuer
beforeEach(async () => {
  idp = await createTestIssuer({ clock })
})
afterEach(() => idp.close())

const metadataUrl = () => `${idp.issuer}/.well-known/openid-configuration`
const get = (url: string, headers: Record<string, string> = {}) => fetch(url, { headers })
const kidsOf = async (): Promise<string[]> =>
  ((await (await get(idp.jwksUri)).json()) as { keys: { kid: string }[] }).keys.map(({ kid }) => kid)

describe('a token of a test issuer', () => {
  it('is a good access token', async () => {
    const token = await idp.issue()
    expect(decodeProtectedHeader(token)).toEqual({ alg: 'ES256', kid: idp.key.kid, typ: 'at+jwt' })
    expect(decodeJwt(token)).toEqual({
      iss: idp.issuer,
      aud: 'https://api.example.com',
      sub: 'user-1',
      client_id: 'client-1',
      iat: clock(),
      exp: clock() + 300,
      jti: 'token-1',
    })
  })

  it('says what it is told to, and not what is undefined', async () => {
    const token = await idp.issue(
      { sub: 'ann', jti: undefined, tenant: 't' },
      { header: { typ: 'JWT' }, expiresInSeconds: -7 },
    )
    expect(decodeProtectedHeader(token)).toMatchObject({ typ: 'JWT' })
    expect(decodeJwt(token)).toMatchObject({ sub: 'ann', tenant: 't', exp: clock() - 7 })
    expect(decodeJwt(token)).not.toHaveProperty('jti')
  })

  it('is another one each time', async () => {
    expect(decodeJwt(await idp.issue()).jti).not.toBe(decodeJwt(await idp.issue()).jti)
  })

  it('is the header of a request by a user', async () => {
    const { authorization } = await idp.asUser({ sub: 'ann' })
    expect(decodeJwt(authorization.replace(/^Bearer /, ''))).toMatchObject({ sub: 'ann' })
  })
})

describe('the documents of a test issuer', () => {
  it('are found from its name, and counted', async () => {
    const metadata = await (await get(metadataUrl())).json()
    expect(metadata).toEqual({ issuer: idp.issuer, jwks_uri: idp.jwksUri })
    expect(await (await get(idp.jwksUri)).json()).toEqual(idp.jwks)
    expect(idp.requests).toEqual({ metadata: 1, jwks: 1 })
    expect((await get(`${idp.issuer}/nothing`)).status).toBe(404)
  })

  it('are not sent again while they hold', async () => {
    const first = await get(idp.jwksUri)
    expect(first.headers.get('cache-control')).toBe('public, max-age=300')
    const etag = first.headers.get('etag') ?? ''
    expect((await get(idp.jwksUri, { 'if-none-match': etag })).status).toBe(304)
    await idp.rotate()
    expect((await get(idp.jwksUri, { 'if-none-match': etag })).status).toBe(200)
  })

  it('tell of a rotation and of a key that is gone', async () => {
    const old = idp.key
    const fresh = await idp.rotate()
    expect(idp.key).toBe(fresh)
    expect(await kidsOf()).toEqual([old.kid, fresh.kid])
    idp.dropKey(old.kid)
    expect(await kidsOf()).toEqual([fresh.kid])
    expect(decodeProtectedHeader(await idp.issue()).kid).toBe(fresh.kid)
  })
})

describe('a test issuer in trouble', () => {
  it('fails, garbles, lies, and recovers', async () => {
    idp.fail(503)
    expect((await get(idp.jwksUri)).status).toBe(503)
    idp.garble('{"keys":')
    expect(await (await get(idp.jwksUri)).text()).toBe('{"keys":')
    idp.recover()
    idp.lie({ issuer: 'https://evil.example' })
    expect(await (await get(metadataUrl())).json()).toMatchObject({ issuer: 'https://evil.example' })
    idp.recover()
    expect(await (await get(metadataUrl())).json()).toMatchObject({ issuer: idp.issuer })
  })

  it('hangs until it closes', async () => {
    idp.hang()
    const answer = get(idp.jwksUri).catch((error: unknown) => error)
    await expect.poll(() => idp.requests.jwks).toBe(1)
    await idp.close()
    expect(await answer).toBeInstanceOf(Error)
  })

  it('may be closed twice', async () => {
    await idp.close()
    await expect(idp.close()).resolves.toBeUndefined()
  })
})
