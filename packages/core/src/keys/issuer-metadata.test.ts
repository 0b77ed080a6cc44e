import { describe, expect, it } from 'vitest'
import type { FetchContext } from './fetch-document.js'
import { discoverEndpoint, discoverJwksUri, isFetchable } from './issuer-metadata.js'

const issuer = 'https://idp.example.com'
const jwks = 'https://keys.example.com/jwks'
const oidc = '/.well-known/openid-configuration'
const oauth = '/.well-known/oauth-authorization-server'

/** The documents of the Web: an object is a document, a number a status, what is not listed is not found. */
function web(documents: Readonly<Record<string, object | number>>): FetchContext & { readonly asked: string[] } {
  const asked: string[] = []
  return {
    asked,
    timeoutSeconds: 5,
    signal: new AbortController().signal,
    fetch: async (url) => {
      asked.push(url)
      const found = documents[url] ?? 404
      return typeof found === 'number' ? new Response(null, { status: found }) : Response.json(found)
    },
  }
}

const refused = (message: RegExp, isAbsent = false) =>
  expect.objectContaining({ name: 'DocumentError', isAbsent, message: expect.stringMatching(message) })

describe('RFC 8414 §3.1, OpenID Connect Discovery §4: where the metadata is', () => {
  it.each<[string, readonly string[]]>([
    [issuer, [`${issuer}${oidc}`, `${issuer}${oauth}`]],
    [`${issuer}/`, [`${issuer}${oidc}`, `${issuer}${oauth}`]],
    [`${issuer}/a`, [`${issuer}/a${oidc}`, `${issuer}${oauth}/a`, `${issuer}${oidc}/a`]],
    [`${issuer}/a/b/`, [`${issuer}/a/b${oidc}`, `${issuer}${oauth}/a/b`, `${issuer}${oidc}/a/b`]],
    [`${issuer}/a//`, [`${issuer}/a/${oidc}`, `${issuer}${oauth}/a/`, `${issuer}${oidc}/a/`]],
    [
      `${issuer}:8443/a%2Fb`,
      [`:8443/a%2Fb${oidc}`, `:8443${oauth}/a%2Fb`, `:8443${oidc}/a%2Fb`].map((at) => issuer + at),
    ],
  ])('of %s: OpenID Connect’s place first, then RFC 8414’s', async (name, places) => {
    const nowhere = web({})
    await expect(discoverJwksUri(name, undefined, nowhere)).rejects.toThrow(refused(/: answered 404$/, true))
    expect(nowhere.asked).toEqual(places)
  })

  it.each([`${issuer}/a${oidc}`, `${issuer}${oauth}/a`, `${issuer}${oidc}/a`])(
    'ends at the first place that has it: %s',
    async (place) => {
      const found = web({ [place]: { issuer: `${issuer}/a`, jwks_uri: jwks } })
      expect((await discoverJwksUri(`${issuer}/a`, undefined, found)).href).toBe(jwks)
      expect(found.asked.at(-1)).toBe(place)
    },
  )

  it('goes on where a document is absent for good', async () => {
    const moved = web({ [issuer + oidc]: 410, [issuer + oauth]: { issuer, jwks_uri: jwks } })
    expect((await discoverJwksUri(issuer, undefined, moved)).href).toBe(jwks)
  })

  it.each([500, 503, 401, 403, 429])('does not go on where the issuer answers %d', async (status) => {
    const ill = web({ [issuer + oidc]: status, [issuer + oauth]: { issuer, jwks_uri: jwks } })
    await expect(discoverJwksUri(issuer, undefined, ill)).rejects.toThrow(refused(new RegExp(`answered ${status}$`)))
    expect(ill.asked).toEqual([issuer + oidc])
  })

  it('does not go on from a document that is not right', async () => {
    const wrong = web({ [issuer + oidc]: { issuer: `${issuer}/` }, [issuer + oauth]: { issuer, jwks_uri: jwks } })
    await expect(discoverJwksUri(issuer, undefined, wrong)).rejects.toThrow(refused(/names the issuer/))
    expect(wrong.asked).toEqual([issuer + oidc])
  })

  it('is at `discoveryUrl` and nowhere else', async () => {
    const place = new URL('https://cdn.example.com/metadata.json')
    const good = web({ [place.href]: { issuer, jwks_uri: jwks } })
    expect((await discoverJwksUri(issuer, place, good)).href).toBe(jwks)
    expect(good.asked).toEqual([place.href])
    const elsewhere = web({ [issuer + oidc]: { issuer, jwks_uri: jwks } })
    await expect(discoverJwksUri(issuer, place, elsewhere)).rejects.toThrow(refused(/: answered 404$/, true))
    expect(elsewhere.asked).toEqual([place.href])
  })

  it('may be behind an issuer that is no URL, where `discoveryUrl` says so', async () => {
    const place = new URL('https://cdn.example.com/metadata.json')
    const good = web({ [place.href]: { issuer: 'accounts.example.com', jwks_uri: jwks } })
    expect((await discoverJwksUri('accounts.example.com', place, good)).href).toBe(jwks)
  })
})

describe('RFC 8414 §3.3: the issuer that the metadata names', () => {
  it.each([
    `${issuer}/`,
    'https://IDP.example.com',
    'HTTPS://idp.example.com',
    `${issuer}:443`,
    ` ${issuer}`,
    'https://evil.example.com',
    '',
  ])('is the configured one to the letter, and not %j', async (named) => {
    const lying = web({ [issuer + oidc]: { issuer: named, jwks_uri: jwks } })
    const says = new RegExp(`: names the issuer ${named}, the options name ${issuer}$`)
    await expect(discoverJwksUri(issuer, undefined, lying)).rejects.toThrow(refused(says))
  })

  it('is quoted in part where it is long', async () => {
    const lying = web({ [issuer + oidc]: { issuer: 'x'.repeat(100_000), jwks_uri: jwks } })
    const error = await discoverJwksUri(issuer, undefined, lying).catch((reason: unknown) => reason)
    expect((error as Error).message.length).toBeLessThan(500)
  })

  it.each([undefined, null, 7, [issuer], { issuer }])('is a string, and not %j', async (named) => {
    const lying = web({ [issuer + oidc]: { issuer: named, jwks_uri: jwks } })
    await expect(discoverJwksUri(issuer, undefined, lying)).rejects.toThrow(refused(/: names no issuer, the options/))
  })

  it('is the configured one at `discoveryUrl` too', async () => {
    const place = new URL('https://cdn.example.com/metadata.json')
    const lying = web({ [place.href]: { issuer: 'https://cdn.example.com', jwks_uri: jwks } })
    await expect(discoverJwksUri(issuer, place, lying)).rejects.toThrow(refused(/names the issuer/))
  })
})

describe('RFC 8414 §2: `jwks_uri`', () => {
  const at = (jwksUri: unknown, name = issuer) =>
    discoverJwksUri(name, undefined, web({ [name + oidc]: { issuer: name, jwks_uri: jwksUri } }))

  it.each([undefined, null, 7, '', '/jwks', 'jwks', [jwks], 'https://'])('is a URL, and not %j', async (jwksUri) => {
    await expect(at(jwksUri)).rejects.toThrow(refused(/: has no `jwks_uri`$/))
  })

  it.each([
    'http://keys.example.com/jwks',
    'http://localhost:8080/jwks',
    'http://127.0.0.1/jwks',
    'http://[::1]/jwks',
    'ftp://keys.example.com/jwks',
    'file:///etc/passwd',
    'data:application/json,{}',
  ])('is https, and not %s', async (jwksUri) => {
    await expect(at(jwksUri)).rejects.toThrow(refused(/: its `jwks_uri` is not an https URL$/))
  })

  it('may be plain http on this host for an issuer on this host', async () => {
    const local = 'http://localhost:9000'
    expect((await at('http://localhost:9000/jwks', local)).href).toBe('http://localhost:9000/jwks')
    expect((await at(jwks, local)).href).toBe(jwks)
    await expect(at('http://keys.example.com/jwks', local)).rejects.toThrow(refused(/is not an https URL/))
  })
})

describe('isFetchable', () => {
  it.each([
    'https://idp.example.com',
    'https://127.0.0.1',
    'http://localhost:1234/a',
    'http://LOCALHOST',
    'http://127.0.0.1',
    'http://127.1',
    'http://127.200.100.254:99',
    'http://[::1]:8080',
  ])('lets %s be fetched', (url) => {
    expect(isFetchable(new URL(url))).toBe(true)
  })

  it.each([
    'http://idp.example.com',
    'http://localhost.example.com',
    'http://notlocalhost',
    'http://127.0.0.1.example.com',
    'http://a127.0.0.1.example',
    'http://128.0.0.1',
    'http://0.0.0.0',
    'http://10.0.0.1',
    'http://[::2]',
    'ws://localhost',
    'ftp://localhost',
    'file://localhost/a',
  ])('lets %s not be fetched', (url) => {
    expect(isFetchable(new URL(url))).toBe(false)
  })
})

describe('RFC 8414 §2: introspection_endpoint', () => {
  const endpoint = 'https://idp.example.com/introspect'
  const find = (documents: Readonly<Record<string, object | number>>) =>
    discoverEndpoint('introspection_endpoint', issuer, undefined, web(documents))

  it('is found as `jwks_uri` is', async () => {
    const found = { issuer, jwks_uri: jwks, introspection_endpoint: endpoint }
    expect((await find({ [issuer + oidc]: found })).href).toBe(endpoint)
  })

  it('may be in the one document and not in the other', async () => {
    const documents = { [issuer + oidc]: { issuer }, [issuer + oauth]: { issuer, introspection_endpoint: endpoint } }
    expect((await find(documents)).href).toBe(endpoint)
    await expect(find({ [issuer + oidc]: { issuer } })).rejects.toThrow(refused(/no `introspection_endpoint`$/, true))
  })

  it.each(['http://idp.example.com/introspect', 'http://127.0.0.1/introspect', 'ftp://idp.example.com/'])(
    'is not %s',
    async (place) => {
      const lying = { [issuer + oidc]: { issuer, introspection_endpoint: place } }
      await expect(find(lying)).rejects.toThrow(refused(/`introspection_endpoint` is not an https URL/))
    },
  )
})
