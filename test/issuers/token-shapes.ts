// Tokens as the well-known issuers write them: header and claims by their public documentation, values made up. None of
// these issuers sets `at+jwt` unless it is told to; what tells an access token from an ID token is different for each.
import type { TokenProfileName } from '@sallyport/core'
import { audience, now } from '../fixtures/signer.js'

/** What is in a token: its header without `alg` and `kid`, and its claims. */
export interface TokenShape {
  readonly header: Readonly<Record<string, unknown>>
  readonly claims: Readonly<Record<string, unknown>>
}

export interface WellKnownIssuer {
  readonly profile: TokenProfileName
  readonly issuer: string
  /** Who the API is to this issuer. */
  readonly audience: string
  readonly jwksUri: string
  readonly accessTokens: Readonly<Record<string, TokenShape>>
  readonly idTokens: Readonly<Record<string, TokenShape>>
  /** What the first access token comes to. */
  readonly principal: object
}

/** The client that the tokens were issued to, which is `aud` of its ID tokens. */
export const client = 'client-1'

const jwt = { typ: 'JWT' }
const times = { iat: now, exp: now + 3_600 }
const user = 'b1c2d3e4-0000-4000-8000-aabbccddeeff'

const auth0Domain = 'https://example.eu.auth0.com/'
const auth0 = { iss: auth0Domain, sub: 'auth0|123456', ...times }
const auth0Profile = { nickname: 'ann', name: 'Ann', picture: 'https://example.com/ann.png', updated_at: '2026-01-01' }

const pool = 'https://cognito-idp.eu-west-1.amazonaws.com/eu-west-1_Example'
const cognito = { sub: user, iss: pool, 'cognito:groups': ['admins'], origin_jti: 'o-1', event_id: 'e-1', ...times }

const realm = 'https://sso.example.com/realms/main'
const keycloak = { iss: realm, sub: user, azp: client, sid: 's-1', acr: '1', jti: 'onrtac:1', ...times }

const okta = 'https://example.okta.com/oauth2/default'

export const wellKnownIssuers: readonly WellKnownIssuer[] = [
  {
    // https://auth0.com/docs/secure/tokens/access-tokens/access-token-profiles
    profile: 'auth0',
    issuer: auth0Domain,
    audience,
    jwksUri: `${auth0Domain}.well-known/jwks.json`,
    accessTokens: {
      'of a user': {
        header: jwt,
        claims: { ...auth0, aud: [audience, `${auth0Domain}userinfo`], azp: client, scope: 'openid read:orders' },
      },
      'with permissions': {
        header: jwt,
        claims: { ...auth0, aud: audience, azp: client, scope: 'openid', permissions: ['read:orders'] },
      },
      'of a machine': {
        header: jwt,
        claims: { ...auth0, aud: audience, sub: `${client}@clients`, azp: client, gty: 'client-credentials' },
      },
      'of the RFC 9068 profile': {
        header: { typ: 'at+jwt' },
        claims: { ...auth0, aud: audience, client_id: client, jti: '73Wakr', scope: 'openid read:orders' },
      },
    },
    idTokens: {
      'with a nonce': { header: jwt, claims: { ...auth0, ...auth0Profile, aud: client, sid: 's-1', nonce: 'n-1' } },
      'without a nonce': { header: jwt, claims: { ...auth0, ...auth0Profile, aud: client, sid: 's-1' } },
    },
    principal: { subject: 'auth0|123456', clientId: client, scopes: ['openid', 'read:orders'] },
  },
  {
    // https://docs.aws.amazon.com/cognito/latest/developerguide/amazon-cognito-user-pools-using-the-access-token.html
    profile: 'cognito',
    issuer: pool,
    audience: client, // no `aud`: the API trusts clients
    jwksUri: `${pool}/.well-known/jwks.json`,
    accessTokens: {
      'of a user': {
        header: {},
        claims: {
          ...cognito,
          token_use: 'access',
          client_id: client,
          username: 'ann',
          jti: 'a-1',
          scope: 'openid orders/read',
        },
      },
      'of a machine': {
        header: {},
        claims: {
          sub: client,
          iss: pool,
          token_use: 'access',
          client_id: client,
          version: 2,
          jti: 'a-2',
          scope: 'orders/read',
          ...times,
        },
      },
    },
    idTokens: {
      'of a user': {
        header: {},
        claims: {
          ...cognito,
          token_use: 'id',
          aud: client,
          auth_time: now,
          'cognito:username': 'ann',
          email: 'ann@example.com',
        },
      },
    },
    principal: { subject: user, clientId: client, scopes: ['openid', 'orders/read'] },
  },
  {
    // https://www.keycloak.org/docs/latest/server_admin/, AccessToken and IDToken of its sources
    profile: 'keycloak',
    issuer: realm,
    audience: 'orders-api',
    jwksUri: `${realm}/protocol/openid-connect/certs`,
    accessTokens: {
      'of a user': {
        header: jwt,
        claims: {
          ...keycloak,
          typ: 'Bearer',
          aud: ['orders-api', 'account'],
          'allowed-origins': ['https://app.example.com'],
          realm_access: { roles: ['offline_access', 'clerk'] },
          resource_access: { 'orders-api': { roles: ['reader'] } },
          scope: 'openid profile',
          preferred_username: 'ann',
        },
      },
      'with a nonce, as before version 24': {
        header: jwt,
        claims: { ...keycloak, typ: 'Bearer', aud: 'orders-api', nonce: 'n-1', scope: 'openid' },
      },
      'with at+jwt switched on': {
        header: { typ: 'at+jwt' },
        claims: { ...keycloak, typ: 'Bearer', aud: 'orders-api', client_id: client, scope: 'openid' },
      },
    },
    idTokens: {
      'with at_hash': { header: jwt, claims: { ...keycloak, typ: 'ID', aud: client, at_hash: 'h-1', nonce: 'n-1' } },
      'without at_hash': { header: jwt, claims: { ...keycloak, typ: 'ID', aud: client } },
    },
    principal: { subject: user, clientId: client, scopes: ['openid', 'profile'], roles: ['offline_access', 'clerk'] },
  },
  {
    // https://developer.okta.com/docs/api/openapi/okta-oauth/guides/overview/
    profile: 'okta',
    issuer: okta,
    audience: 'api://default',
    jwksUri: `${okta}/v1/keys`,
    accessTokens: {
      'of a user': {
        header: {},
        claims: {
          ver: 1,
          jti: 'AT.1',
          iss: okta,
          aud: 'api://default',
          sub: 'ann@example.com',
          cid: client,
          uid: '00u1',
          scp: ['openid', 'orders'],
          auth_time: now,
          ...times,
        },
      },
      'of a machine': {
        header: {},
        claims: {
          ver: 1,
          jti: 'AT.2',
          iss: okta,
          aud: 'api://default',
          sub: client,
          cid: client,
          scp: ['orders'],
          ...times,
        },
      },
    },
    idTokens: {
      'with at_hash': {
        header: {},
        claims: {
          ver: 1,
          jti: 'ID.1',
          iss: okta,
          aud: client,
          sub: '00u1',
          amr: ['pwd'],
          idp: '00o1',
          auth_time: now,
          at_hash: 'h-1',
          ...times,
        },
      },
      'without at_hash': {
        header: {},
        claims: {
          ver: 1,
          jti: 'ID.2',
          iss: okta,
          aud: client,
          sub: '00u1',
          amr: ['pwd'],
          idp: '00o1',
          auth_time: now,
          ...times,
        },
      },
    },
    principal: { subject: 'ann@example.com', clientId: client, scopes: ['openid', 'orders'] },
  },
]

/** https://learn.microsoft.com/entra/identity-platform/access-token-claims-reference and id-token-claims-reference */
export const entra = {
  issuer: 'https://login.microsoftonline.com/{tenant}/v2.0',
  audience: '11112222-bbbb-3333-cccc-4444dddd5555',
  issuerOf: (tenant: string): string => `https://login.microsoftonline.com/${tenant}/v2.0`,
  jwksUriOf: (tenant: string): string => `https://login.microsoftonline.com/${tenant}/discovery/v2.0/keys`,
  accessTokens: (tenant: string): Readonly<Record<string, TokenShape>> => ({
    'of a user': {
      header: jwt,
      claims: {
        ...entraClaims(tenant),
        aud: entra.audience,
        azp: client,
        azpacr: '0',
        scp: 'orders.read user.read',
        name: 'Ann',
      },
    },
    'of a machine': {
      header: jwt,
      claims: {
        ...entraClaims(tenant),
        aud: entra.audience,
        azp: client,
        azpacr: '1',
        idtyp: 'app',
        roles: ['Orders.Read.All'],
      },
    },
  }),
  idTokens: (tenant: string): Readonly<Record<string, TokenShape>> => ({
    'with a nonce': {
      header: jwt,
      claims: { ...entraClaims(tenant), aud: client, name: 'Ann', preferred_username: 'ann@example.com', nonce: 'n-1' },
    },
    'without a nonce': {
      header: jwt,
      claims: { ...entraClaims(tenant), aud: client, name: 'Ann', preferred_username: 'ann@example.com' },
    },
  }),
}

const entraClaims = (tenant: string) => ({
  iss: entra.issuerOf(tenant),
  nbf: now,
  aio: 'opaque',
  oid: user,
  rh: 'opaque',
  sub: 'pairwise-subject',
  tid: tenant,
  uti: 'opaque',
  ver: '2.0',
  ...times,
})
