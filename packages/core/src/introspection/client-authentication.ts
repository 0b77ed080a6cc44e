// RFC 7662 §2.1: whoever asks about tokens proves who it is, or anybody could try which tokens are good. How it does is one of
// three ways, chosen by what the options hold.
import { type AssertionKey, signClientAssertion } from '../jose/client-assertion.js'

/** Who we are to an issuer, and how we prove it. */
export type ClientAuthentication = { readonly clientId: string } & (
  | { readonly by: 'secret'; readonly secret: string }
  | { readonly by: 'key'; readonly key: AssertionKey }
  /** The `fetch` of the application shows a certificate. */
  | { readonly by: 'certificate' }
)

/** What a call carries of it. */
export interface ClientProof {
  readonly headers: Readonly<Record<string, string>>
  readonly parameters: Readonly<Record<string, string>>
}

const jwtBearer = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer'

/**
 * Makes the proof for one call.
 *
 * @param issuer - whom it is for
 * @param now - seconds since the epoch
 */
export async function proveClient(client: ClientAuthentication, issuer: string, now: number): Promise<ClientProof> {
  const { clientId } = client
  if (client.by === 'certificate') return { headers: {}, parameters: { client_id: clientId } } // RFC 8705 §2
  if (client.by === 'key') {
    const assertion = await signClientAssertion(clientId, issuer, now, client.key)
    return { headers: {}, parameters: { client_assertion_type: jwtBearer, client_assertion: assertion } } // RFC 7523 §2.2
  }
  const pair = `${formEncode(clientId)}:${formEncode(client.secret)}`
  return { headers: { authorization: `Basic ${Buffer.from(pair).toString('base64')}` }, parameters: {} }
}

/** RFC 6749 §2.3.1, appendix B: before it is a user name or a password, each is a value of a form. */
function formEncode(value: string): string {
  return new URLSearchParams([['', value]]).toString().slice(1)
}
