// A real authorization server: oidc-provider on a free loopback port. Its keys are part of its configuration, so behind
// the port stands one provider after the other, all of the same issuer, each with the keys that are published then.
import { once } from 'node:events'
import { createServer, type IncomingMessage, type RequestListener, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { exportJWK, generateKeyPair, type JWK } from 'jose'
import type { Adapter, AdapterPayload, ClientMetadata, Configuration, Provider } from 'oidc-provider'
import { vi } from 'vitest'

export const resource = 'https://api.example.com'
export const otherResource = 'https://other.example.com'
/** Whose tokens are opaque. */
export const opaqueResource = 'https://opaque.example.com'
export const redirectUri = 'https://app.example.com/callback'
export const tokenSeconds = 3_600
export const certificateHeader = 'x-certificate-of-the-client'

/** The user who logs in by following redirects, and consents to everything. */
export const user = 'ann'

/** A private signing key, as oidc-provider is configured with it. */
export type SigningKey = JWK & { readonly kid: string }

export async function createSigningKey(kid: string): Promise<SigningKey> {
  const { privateKey } = await generateKeyPair('ES256', { extractable: true })
  return { ...(await exportJWK(privateKey)), kid, alg: 'ES256', use: 'sig' }
}

export interface AuthorizationServer {
  readonly issuer: string
  /** Of the API that proves who it is with a key when it asks about tokens. */
  readonly apiKey: SigningKey
  /** Signs with the first of these keys from now on, and publishes them all. */
  publish(...keys: readonly SigningKey[]): void
  /** Tells of logouts there from now on: `backchannel_logout_uri` of the app. */
  tellLogoutsTo(uri: string, options?: { readonly isSessionRequired: boolean }): void
  /** Knows this client as well from now on. */
  register(client: ClientMetadata): void
  close(): Promise<void>
}

/** On Node 20 it says while it is imported that it prefers 22; there is no option for that. */
async function importProvider(): Promise<typeof Provider> {
  const warn = vi.spyOn(console, 'warn').mockImplementation(() => {})
  const { Provider } = await import('oidc-provider')
  warn.mockRestore()
  return Provider
}

export async function startAuthorizationServer(...keys: readonly SigningKey[]): Promise<AuthorizationServer> {
  const Provider = await importProvider()
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const issuer = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const adapter = createAdapter()
  const apiKey = await createSigningKey('api-key-1')
  const { d: _, ...publicApiKey } = apiKey
  const apiWithKey = {
    ...apiClient,
    client_id: 'api-with-key',
    token_endpoint_auth_method: 'private_key_jwt' as const,
    jwks: { keys: [publicApiKey] },
  }
  let respond: RequestListener
  let published = keys
  let logout: ClientMetadata = { client_id: 'app' }
  const registered: ClientMetadata[] = []
  const serveAnew = (): void => {
    const clients = [...(configuration.clients ?? []), apiWithKey, ...registered].map((client) =>
      client.client_id === logout.client_id ? { ...client, ...logout } : client,
    )
    const provider = new Provider(issuer, { ...configuration, clients, adapter, jwks: { keys: [...published] } })
    const callback = provider.callback()
    respond = (request, response) => {
      if (request.url?.startsWith('/interaction/')) return void loginAndConsent(provider, request, response)
      return void callback(request, response)
    }
  }
  serveAnew()
  const publish = (...others: readonly SigningKey[]): void => {
    published = others
    serveAnew()
  }
  const tellLogoutsTo = (uri: string, { isSessionRequired } = { isSessionRequired: false }): void => {
    logout = { client_id: 'app', backchannel_logout_uri: uri, backchannel_logout_session_required: isSessionRequired }
    serveAnew()
  }
  const register = (client: ClientMetadata): void => {
    registered.push(client)
    serveAnew()
  }
  server.on('request', (request, response) => respond(request, response))
  const close = async (): Promise<void> => {
    server.close().closeAllConnections()
    await once(server, 'close')
  }
  return { issuer, apiKey, publish, tellLogoutsTo, register, close }
}

const api = (audience: string) => ({
  audience,
  scope: 'read:orders write:orders',
  accessTokenFormat: audience === opaqueResource ? ('opaque' as const) : ('jwt' as const),
  accessTokenTTL: tokenSeconds,
  jwt: { sign: { alg: 'ES256' as const } },
})

/** An API that asks about tokens, and gets none itself. */
const apiClient = { grant_types: [], redirect_uris: [], response_types: [] }

const configuration: Configuration = {
  clients: [
    { ...apiClient, client_id: 'the api', client_secret: 'secret: of the api%' },
    {
      client_id: 'machine',
      client_secret: 'secret of the machine',
      grant_types: ['client_credentials'],
      redirect_uris: [],
      response_types: [],
    },
    {
      client_id: 'bound machine',
      client_secret: 'secret of the bound machine',
      grant_types: ['client_credentials'],
      redirect_uris: [],
      response_types: [],
      tls_client_certificate_bound_access_tokens: true,
    },
    {
      client_id: 'app',
      client_secret: 'secret of the app',
      redirect_uris: [redirectUri],
      id_token_signed_response_alg: 'ES256',
    },
  ],
  clientDefaults: { id_token_signed_response_alg: 'ES256', introspection_signed_response_alg: 'ES256' },
  acrValues: ['loa:1', 'loa:2', 'loa:3'],
  cookies: { keys: ['a key of the test'] },
  // RFC 9470 §6.1: how and when the user has logged in stands in the access token.
  extraTokenClaims: ({ oidc }) => {
    const { AuthorizationCode: code } = oidc.entities
    return code === undefined ? undefined : { auth_time: code.authTime, acr: code.acr }
  },
  findAccount: (_, accountId) => ({ accountId, claims: () => ({ sub: accountId }) }),
  interactions: { url: (_, { uid }) => `/interaction/${uid}` },
  renderError: (ctx, out) => {
    ctx.body = out
  },
  scopes: ['openid'],
  ttl: {
    AccessToken: tokenSeconds,
    ClientCredentials: tokenSeconds,
    Grant: 600,
    IdToken: tokenSeconds,
    Interaction: 600,
    Session: 600,
  },
  // Without the dispatcher that it brings: that one refuses to reach this machine.
  fetch: (url, { dispatcher: _, ...options }: RequestInit & { dispatcher?: unknown } = {}) =>
    fetch(url, options as RequestInit),
  features: {
    backchannelLogout: { enabled: true },
    clientCredentials: { enabled: true },
    devInteractions: { enabled: false },
    // Whoever comes with a proof of possession must have its nonce in it.
    dPoP: { enabled: true, nonceSecret: Buffer.alloc(32, 'nonces of the test'), requireNonce: () => true },
    // Whoever ends TLS before it has seen this certificate.
    mTLS: {
      enabled: true,
      certificateBoundAccessTokens: true,
      getCertificate: ({ req }) => decodeURIComponent(String(req.headers[certificateHeader] ?? '')),
    },
    introspection: { enabled: true, allowedPolicy: (_, { clientId }) => clientId.includes('api') },
    jwtIntrospection: { enabled: true },
    revocation: { enabled: true, allowedPolicy: (_, { clientId }, token) => token.clientId === clientId },
    rpInitiatedLogout: {
      logoutSource: (ctx, form) => {
        ctx.body = form
      },
    },
    resourceIndicators: {
      enabled: true,
      defaultResource: () => resource,
      getResourceServerInfo: (_, indicator) => api(indicator),
      useGrantedResource: () => true,
    },
  },
}

/** What a user does with a browser in two pages, at once. */
async function loginAndConsent(provider: Provider, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const { prompt, params, session } = await provider.interactionDetails(request, response)
  if (prompt.name === 'login') {
    const [acr] = String(params['acr_values'] ?? 'loa:1').split(' ') // as well as is asked for
    return provider.interactionFinished(request, response, { login: { accountId: user, ...(acr && { acr }) } })
  }
  const grant = new provider.Grant({ accountId: session?.accountId, clientId: String(params['client_id']) })
  grant.addOIDCScope('openid')
  grant.addResourceScope(String(params['resource']), String(params['scope']))
  return provider.interactionFinished(request, response, { consent: { grantId: await grant.save() } })
}

/** The state of all providers of one server. */
function createAdapter(): (name: string) => Adapter {
  const payloads = new Map<string, AdapterPayload>()
  return (name) => ({
    upsert: async (id, payload) => void payloads.set(`${name}:${id}`, payload),
    find: async (id) => payloads.get(`${name}:${id}`),
    findByUid: async (uid) => [...payloads.values()].find((payload) => payload.uid === uid),
    findByUserCode: async () => undefined,
    consume: async (id) => void Object.assign(payloads.get(`${name}:${id}`) ?? {}, { consumed: true }),
    destroy: async (id) => void payloads.delete(`${name}:${id}`),
    revokeByGrantId: async () => {},
  })
}
