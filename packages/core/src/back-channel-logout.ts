// OpenID Connect Back-Channel Logout 1.0: an issuer tells that somebody has logged out, and what was issued to them is taken
// back. Put together here, because it needs the issuers of a verifier, their keys, and its state.
import { ConfigurationError } from './errors.js'
import { requireKnownOptions, requireStrings } from './option-checks.js'
import type { VerifierConfiguration } from './options.js'
import { createReceiver, type Received, requireLifetime, revokeAll } from './receiver.js'
import type { EventReceiver } from './receivers/event-receiver.js'
import { revocationsOfLogout, validateLogoutToken } from './receivers/logout-token.js'
import { formToken, type ReceivedRequest } from './receivers/received-request.js'
import { logoutWords } from './receivers/receiver-answer.js'
import { Deliveries, proveClaims, type Senders, sendersOf } from './token-senders.js'
import { Verifier } from './verifier.js'

/** Options of {@link backChannelLogout}. */
export interface BackChannelLogoutOptions {
  /** Who we are to the issuer: `client_id` of the client whose `backchannel_logout_uri` this is. One of these is in `aud`. */
  readonly clientId: string | readonly string[]
  /** Which issuers of the verifier may send logout tokens. @defaultValue all of them */
  readonly issuer?: string | readonly string[]
  /**
   * Whether access tokens carry `sid`. Then a logout that names a session takes back what belongs to that session; else
   * everything that the user was issued up to then, because the session alone would take back nothing. @defaultValue false
   */
  readonly accessTokensHaveSid?: boolean
  /**
   * The longest time from `iat` to `exp` of an access token: so long a revocation is remembered. @defaultValue
   * `maxTokenAgeSeconds` of the issuer; for ever where that is not said either
   */
  readonly tokenLifetimeSeconds?: number
  /**
   * Takes logout tokens with `typ: JWT` or none, of issuers that do not write `logout+jwt`. They are told from other tokens by
   * their claims alone then. @defaultValue false
   */
  readonly dangerouslyAllowUntyped?: boolean
}

const optionNames: readonly (keyof BackChannelLogoutOptions)[] = [
  'clientId',
  'issuer',
  'accessTokensHaveSid',
  'tokenLifetimeSeconds',
  'dangerouslyAllowUntyped',
]

/** A logout token lives for minutes (§2.4). One that lives longer may be acted upon again, which does no harm. */
const rememberedSeconds = 86_400

/**
 * Makes the receiver of an OpenID Connect back-channel logout: it takes back what was issued to the session or the user that has
 * logged out. Its route is public to `auth()`: a logout token carries its own proof.
 *
 * Answers 200 once the state has it, 400 for a token that is not good, 503 with `Retry-After` where the fault is ours: the token
 * is not used up then.
 *
 * @example
 * ```ts
 * const logout = backChannelLogout(verifier, { clientId: 'app' })
 * app.post('/backchannel-logout', logout.node)
 * ```
 * @throws ConfigurationError
 * @see https://openid.net/specs/openid-connect-backchannel-1_0.html#Validation
 */
export function backChannelLogout(verifier: Verifier<unknown>, options: BackChannelLogoutOptions): EventReceiver {
  if (typeof options !== 'object' || options === null) throw new ConfigurationError('the options must be an object')
  requireKnownOptions(options, optionNames, 'a back-channel logout')
  const { accessTokensHaveSid = false, dangerouslyAllowUntyped = false, tokenLifetimeSeconds } = options
  const audiences = new Set(requireStrings(options.clientId, '`clientId`'))
  const senders = logoutSenders(Verifier.configurationOf(verifier), options.issuer, dangerouslyAllowUntyped === true)
  const lifetime = requireLifetime(tokenLifetimeSeconds)
  const deliveries = new Deliveries()
  const receive = async (request: ReceivedRequest): Promise<Received> => {
    const configuration = Verifier.configurationOf(verifier)
    const token = formToken(request, 'logout_token') // §2.5
    const { claims, sender } = await proveClaims(token, senders, configuration) // §2.6 steps 1 to 3
    const { issuer, rules } = sender
    const { clockToleranceSeconds } = rules
    const now = configuration.clock()
    const logout = validateLogoutToken(claims, issuer, { audiences, clockToleranceSeconds, now }) // §2.6 steps 3 to 6
    const question = { kind: 'logout', of: JSON.stringify([issuer, ...audiences]), about: logout.jti }
    const until = Math.min(logout.expiresAt + clockToleranceSeconds, now + rememberedSeconds)
    const isNew = await deliveries.once(question, until, configuration, async () => {
      await revokeAll(verifier, revocationsOfLogout(logout, accessTokensHaveSid === true), lifetime)
    })
    return {
      issuer,
      outcome: isNew ? 'revoked' : 'ignored',
      reason: isNew ? 'somebody has logged out' : 'it came before',
    }
  }
  return createReceiver('logout', logoutWords, receive)
}

function logoutSenders({ issuers }: VerifierConfiguration, issuer: unknown, isUntypedAllowed: boolean): Senders {
  const names = issuer === undefined ? [...issuers.keys()] : requireStrings(issuer, '`issuer`')
  const records = names.map((name) => {
    const record = issuers.get(name)
    if (record === undefined) throw new ConfigurationError(`${name}: the verifier does not trust such an issuer`)
    return record
  })
  return sendersOf(records, 'logout+jwt', isUntypedAllowed)
}
