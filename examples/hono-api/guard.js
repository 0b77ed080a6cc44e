// All that Hono needs: a middleware that shows a request to the verifier, and answers with what it says or goes on.
import { createVerifier } from '@sallyport/core'
import { toResponse } from '@sallyport/core/adapter'

/** SALLYPORT_ISSUER and SALLYPORT_AUDIENCE say who is trusted and who we are. */
export const verifier = createVerifier()

/** Lets pass who satisfies the policy; without one, whoever has a good token. */
export function guard(policy) {
  return async (context, next) => {
    const { raw } = context.req
    const { url, method, headers } = raw
    const shown = { url, method, headers, params: context.req.param(), identity: raw }
    const decision = await verifier.verify(shown, policy)
    if (!decision.allowed) return toResponse(decision)
    for (const [name, value] of Object.entries(decision.headers ?? {})) context.header(name, value)
    context.set('auth', decision.auth)
    return next()
  }
}
