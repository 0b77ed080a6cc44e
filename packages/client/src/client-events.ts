// What an operator can watch of a client: `node:diagnostics_channel`, channel `sallyport:client`. Nothing secret is in an
// event: no token, no key, no path of a file.
import { channel } from 'node:diagnostics_channel'

/** `sallyport:client`: something happened to the certificates or the tokens of a client. */
export interface ClientEvent {
  /** The `name` of the client. */
  readonly client: string
  /**
   * `rotated`: new certificates are in force · `rejected`: the files hold no set that fits together and is in force today, and
   * those before stay · `severed`: connections of certificates that were replaced were ended with requests in flight, because
   * they took too long · `token_obtained`: a token was fetched · `token_failed`: none could be.
   */
  readonly outcome: 'rotated' | 'rejected' | 'severed' | 'token_obtained' | 'token_failed'
  /** One sentence for the operator; absent when all went well. */
  readonly reason?: string
  /** When what came into force expires, in seconds since the epoch. */
  readonly expiresAt?: number
}

/** Publishes for one client. */
export type Publish = (event: Omit<ClientEvent, 'client'>) => void

const clients = channel('sallyport:client')

export function publisherFor(client: string): Publish {
  return (event) => {
    if (clients.hasSubscribers) clients.publish({ client, ...event } satisfies ClientEvent)
  }
}
