// An issuer that logs people out and tells of security events, and a verifier that hears of it.
import { createVerifier, type EventReceiver, type State, type Verifier } from '@sallyport/core'
import {
  createTestClock,
  createTestIssuer,
  type TestClaims,
  type TestClock,
  type TestIssuer,
} from '@sallyport/core/testing'

export const clientId = 'app'
export const streamAudience = 'https://api.example.com/events'
export const logoutEvent = 'http://schemas.openid.net/event/backchannel-logout'
export const caep = 'https://schemas.openid.net/secevent/caep/event-type/'
export const risc = 'https://schemas.openid.net/secevent/risc/event-type/'
export const ssf = 'https://schemas.openid.net/secevent/ssf/event-type/'

export interface Senders extends AsyncDisposable {
  readonly clock: TestClock
  readonly idp: TestIssuer
  readonly verifier: Verifier
  /** A good logout token (Back-Channel Logout §2.4), or one with something else in its claims or its header. */
  logoutToken(claims?: TestClaims, header?: TestClaims): Promise<string>
  /** A good security event token (RFC 8417 §2.2) with one event, or one with something else in it. */
  eventToken(type: string, claims?: TestClaims, payload?: object, header?: TestClaims): Promise<string>
  /** What the API says to an access token: `'allowed'`, or the code of the refusal. */
  verdict(token: string): Promise<string>
}

export async function createSenders(
  options: { state?: State; clock?: TestClock; issuer?: object; isFetched?: boolean } = {},
): Promise<Senders> {
  const clock = options.clock ?? createTestClock()
  const idp = await createTestIssuer({ clock })
  const { issuer, audience } = idp
  const verifier = createVerifier({
    issuers: [{ issuer, audience, ...(options.isFetched !== true && { jwks: idp.jwks }), ...options.issuer }],
    clock,
    ...(options.state && { state: options.state }),
  })
  const events = { [logoutEvent]: {} }
  return {
    clock,
    idp,
    verifier,
    logoutToken: (claims, header) =>
      idp.issue(
        { aud: clientId, client_id: undefined, exp: clock() + 120, sub: 'ann', sid: 'session-1', events, ...claims },
        { header: { typ: 'logout+jwt', ...header } },
      ),
    eventToken: (type, claims, payload = {}, header) =>
      idp.issue(
        {
          aud: streamAudience,
          client_id: undefined,
          sub: undefined,
          exp: undefined,
          sub_id: { format: 'iss_sub', iss: issuer, sub: 'ann' },
          events: { [type]: payload },
          ...claims,
        },
        { header: { typ: 'secevent+jwt', ...header } },
      ),
    async verdict(token) {
      const decision = await verifier.verify({ headers: { authorization: `Bearer ${token}` } })
      return decision.allowed ? 'allowed' : decision.code
    },
    async [Symbol.asyncDispose]() {
      await Promise.all([verifier.close(), idp.close()])
    },
  }
}

/** What a receiver answers to a form with a logout token. */
export async function sendLogout(receiver: EventReceiver, token: string) {
  const headers = { 'content-type': 'application/x-www-form-urlencoded' }
  return receiver.handle({ method: 'POST', headers, body: `logout_token=${token}` })
}

/** What a receiver answers to a security event token. */
export async function pushEvent(receiver: EventReceiver, token: string, headers: Record<string, string> = {}) {
  return receiver.handle({
    method: 'POST',
    headers: { 'content-type': 'application/secevent+jwt', accept: 'application/json', ...headers },
    body: token,
  })
}
