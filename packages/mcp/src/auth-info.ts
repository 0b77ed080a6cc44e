// Who passed, in the words of the SDK. Both majors of it know this shape, so none of them is imported.
import type { Principal } from '@sallyport/core'

/** The SDK's `AuthInfo`: what a tool sees of its caller. It holds the token: don't log it. */
export interface AuthInfo {
  token: string
  /** `client_id`, or `azp`; empty where the token names no client. */
  clientId: string
  scopes: string[]
  /** Seconds since the epoch. */
  expiresAt: number
  /** The audience that the token is for, where it is a URI and it is certain which of ours it is. */
  resource?: URL
  /** Where the metadata of this resource is, for the scope challenges of SDK 2. */
  resourceMetadataUrl?: string
  /** What a principal knows beyond that. */
  extra: { subject: string | undefined; issuer: string; roles: readonly string[]; claims: unknown }
}

/** @param audiences - all that we are known as */
export function toAuthInfo(auth: Principal<unknown>, audiences: readonly string[]): AuthInfo {
  const { token, clientId = '', scopes, expiresAt, subject, issuer, roles, claims } = auth
  const resource = resourceOf(claims, audiences)
  return {
    token,
    clientId,
    scopes: [...scopes],
    expiresAt,
    ...(resource && { resource }),
    extra: { subject, issuer, roles, claims },
  }
}

/** Which of ours a token is for. With one there is no question; of several, the token must name it. */
function resourceOf(claims: unknown, audiences: readonly string[]): URL | undefined {
  const named = [(claims as { readonly aud?: unknown } | null)?.aud].flat()
  const [audience, ...more] = audiences.length === 1 ? audiences : audiences.filter((each) => named.includes(each))
  return audience !== undefined && more.length === 0 && URL.canParse(audience) ? new URL(audience) : undefined
}
