// One call with a token: sent, and once more where the service says that the token is no good (RFC 6750 §3.1) or that the
// proof needs its nonce (RFC 9449 §9). Each of the two happens once a call, so a service that refuses everything ends it.
import {
  allowInsecureRequests,
  customFetch,
  protectedResourceRequest,
  WWWAuthenticateChallengeError,
} from 'oauth4webapi'
import type { OutgoingRequest } from './outgoing-request.js'
import type { AccessToken, TokenSupply } from './tokens/token-source.js'

type Tokens = Omit<TokenSupply, 'renew'>

/** Sends the request with these headers. */
export type Send = (headers: Record<string, string>) => Promise<Response>

/** What the service says of a token it does not take. */
interface Answer {
  readonly response: Response
  readonly wantsNonce: boolean
  readonly refusesToken: boolean
}

/** @throws DownstreamError `token_unavailable`, `token_refused`, and whatever `send` throws */
export async function callWithToken(request: OutgoingRequest, supply: Tokens, send: Send): Promise<Response> {
  let token = await supply.current()
  let hasNonce = false
  let isReplaced = false
  for (;;) {
    const { response, wantsNonce, refusesToken } = await attempt(request, supply, token, send)
    if (wantsNonce && !hasNonce && request.isReplayable) {
      hasNonce = true // the handle of the proofs has kept it
    } else if (refusesToken && !isReplaced) {
      isReplaced = true
      const replacing = supply.replace(token)
      replacing.catch(() => {}) // where nobody waits for it: the body is gone, and the next call has the other token
      const another = request.isReplayable ? await replacing : undefined
      if (another === undefined) return response
      token = another
    } else return response
    await response.body?.cancel()
  }
}

async function attempt(
  { method, url, headers }: OutgoingRequest,
  supply: Tokens,
  token: AccessToken,
  send: Send,
): Promise<Answer> {
  const proofs = await supply.proofs()
  try {
    const response = await protectedResourceRequest(token.value, method, url, headers, undefined, {
      [customFetch]: (_, signed) => send(signed.headers),
      [allowInsecureRequests]: true, // the loopback host; where else tokens go was judged before
      ...(proofs && { DPoP: proofs }),
    })
    return { response, wantsNonce: false, refusesToken: false }
  } catch (error) {
    if (!(error instanceof WWWAuthenticateChallengeError)) throw error
    const { cause: challenges, response } = error
    const says = (word: string) =>
      response.status === 401 && challenges.some(({ parameters }) => parameters.error === word)
    return { response, wantsNonce: proofs !== undefined && says('use_dpop_nonce'), refusesToken: says('invalid_token') }
  }
}
