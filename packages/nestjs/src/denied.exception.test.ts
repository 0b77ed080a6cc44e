import { createVerifier, type Denied, scope } from '@sallyport/core'
import { createTestIssuer } from '@sallyport/core/testing'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { DeniedException, setHeaders } from './denied.exception.js'

const denials = new Map<number, Denied>()
beforeAll(async () => {
  const idp = await createTestIssuer()
  const { issuer, audience, jwks } = idp
  const known = createVerifier({ issuer, audience, jwks })
  const unreachable = createVerifier({ issuer, audience })
  const headers = await idp.asUser()
  await idp.close()
  for (const decision of [
    await known.verify({ headers: { authorization: 'Bearer a b' } }),
    await known.verify({ headers: {} }),
    await known.verify({ headers }, scope('a')),
    await unreachable.verify({ headers }),
  ])
    if (!decision.allowed) denials.set(decision.status, decision)
  await Promise.all([known.close(), unreachable.close()])
})
afterAll(() => denials.clear())

describe('DeniedException', () => {
  it.each([
    [400, 'BAD_REQUEST'],
    [401, 'UNAUTHENTICATED'],
    [403, 'FORBIDDEN'],
    [503, 'SERVICE_UNAVAILABLE'],
  ])('says what a refusal with %d says, to Nest and to GraphQL', (status, code) => {
    const denied = denials.get(status) as Denied
    const exception = new DeniedException(denied)
    expect(exception.getStatus()).toBe(status)
    expect(exception.getResponse()).toEqual(denied.body)
    expect(exception.message).toBe(denied.body.title)
    expect(exception.extensions).toEqual({ code, problem: denied.body })
    expect(exception.denied).toBe(denied)
  })
})

describe('setHeaders', () => {
  /** A response of either framework: headers are set with `header` and read with `getHeader`. */
  function responseWith(headers: Record<string, string>) {
    const all = new Map(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]))
    return {
      all,
      getHeader: (name: string) => all.get(name.toLowerCase()),
      header: (name: string, value: string) => all.set(name.toLowerCase(), value),
    }
  }

  it('sets all of them', () => {
    const denied = denials.get(401) as Denied
    const response = responseWith({})
    setHeaders(response, denied)
    for (const [name, value] of Object.entries(denied.headers)) expect(response.getHeader(name)).toBe(value)
    expect(response.all.size).toBe(Object.keys(denied.headers).length)
  })

  it('adds to the names that are exposed', () => {
    const denied = denials.get(401) as Denied
    const name = 'Access-Control-Expose-Headers'
    const response = responseWith({ [name]: 'X-Mine' })
    setHeaders(response, denied)
    expect(response.getHeader(name)).toBe(`X-Mine, ${denied.headers[name]}`)
  })
})
