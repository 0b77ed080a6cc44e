// Tokens of the service itself (RFC 6749 §4.4): for work that it does for nobody in particular.
import { HeldToken } from './held-token.js'
import { judgeSource, type TokenSourceOptions } from './source-options.js'
import { TokenSource } from './token-source.js'

/** What {@link clientCredentials} takes. */
export interface ClientCredentialsOptions extends TokenSourceOptions {}

/**
 * Tokens that a service gets for itself. Give it to `serviceClient({ token })`.
 *
 * @example
 * ```ts
 * const token = clientCredentials({ issuer: 'https://idp.example.com', clientId: 'billing', privateKey, scope: 'read:orders' })
 * const orders = serviceClient({ token, origins: 'https://orders.example.com' })
 * ```
 * @throws ConfigurationError
 * @see {@link https://www.rfc-editor.org/rfc/rfc6749#section-4.4 | RFC 6749 §4.4}
 */
export function clientCredentials(options: ClientCredentialsOptions): TokenSource {
  const source = judgeSource(options, [], 'clientCredentials()')
  return new TokenSource((transport) => {
    const endpoint = source.open(transport)
    const held = new HeldToken(transport.clock, transport.publish)
    const fetchToken = () => endpoint.request('client_credentials', source.parameters)
    return {
      proofs: () => endpoint.proofs(),
      current: () => held.current(fetchToken),
      replace: (refused) => held.replace(refused, fetchToken),
      renew: () => held.renew(),
    }
  })
}
