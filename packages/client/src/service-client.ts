// Calls to another service: over connections that prove who we are and whom we reach, with a token that is ours. What is fixed
// here is what a call may not do: go where it can be read, follow a redirect with credentials, or carry a token that somebody
// else was given.
import { ConfigurationError } from '@sallyport/core'
import { type Dispatcher, fetch as undiciFetch } from 'undici'
import { callWithToken } from './authorized-call.js'
import { publisherFor } from './client-events.js'
import { type ClientSettings, judgeClientOptions, type ServiceClientOptions } from './client-options.js'
import { LiveCertificates, type ReloadOutcome } from './connections/live-certificates.js'
import { RotatingDispatcher } from './connections/rotating-dispatcher.js'
import { secureConnections } from './connections/secure-connections.js'
import { isConfidential } from './destination.js'
import { DownstreamError } from './downstream-error.js'
import { forUndici, type OutgoingRequest, outgoingRequest } from './outgoing-request.js'
import type { TokenSupply } from './tokens/token-source.js'

/** How a client fares. Times are in seconds since the epoch. */
export interface ServiceClientHealth {
  /** The certificates in force; absent without `tls`. */
  readonly certificates?: {
    readonly loadedAt: number
    /** When the certificate of this service expires; absent where there is none. */
    readonly expiresAt?: number
    readonly isExpired: boolean
    /** Why the files as they are now are not in force; absent where they are. */
    readonly rejection?: string
  }
}

/** What calls other services. Made by {@link serviceClient}. */
export interface ServiceClient {
  /**
   * As `fetch` of Node, over the connections of this client and with its token. Redirects are not followed.
   *
   * @throws DownstreamError
   */
  readonly fetch: typeof globalThis.fetch
  /** The connections alone, for whatever takes a dispatcher of undici. Nothing that goes through it is given a token. */
  readonly dispatcher: Dispatcher
  /** How it fares. */
  health(): ServiceClientHealth
  /** Looks at the files of the certificates now, as on a signal. Never throws. */
  reload(): Promise<ReloadOutcome>
  /** Takes no call any more, and is fulfilled when those in flight have ended. */
  close(): Promise<void>
}

/**
 * Makes a client for calls to other services.
 *
 * @example
 * ```ts
 * const orders = serviceClient({ tls: { spiffeFolder: '/run/spiffe' }, token, origins: 'https://orders.example.com' })
 * const response = await orders.fetch('https://orders.example.com/orders/7')
 * ```
 * @throws ConfigurationError for a mistake in the options, and where the certificates are not good today
 */
export function serviceClient(options: ServiceClientOptions = {}): ServiceClient {
  const settings = judgeClientOptions(options, process.env)
  const publish = publisherFor(settings.name)
  const { paths, reloadSeconds, clock, drainSeconds } = settings
  const onRotation = (set: LiveCertificates['set']): void => {
    dispatcher.replace(secureConnections(set, settings))
    supply?.renew()
  }
  const certificates =
    paths === undefined ? undefined : new LiveCertificates({ paths, reloadSeconds, clock, publish, onRotation })
  const dispatcher = new RotatingDispatcher(secureConnections(certificates?.set ?? {}, settings), drainSeconds, () =>
    publish({ outcome: 'severed', reason: 'requests in flight took longer than `drainSeconds`' }),
  )
  const send = ((url, init) =>
    undiciFetch(url as string, { ...(init as object), dispatcher })) as typeof globalThis.fetch
  const hasCertificate = certificates?.set.cert !== undefined
  let supply: TokenSupply | undefined
  try {
    const { timeoutSeconds } = settings
    supply = settings.token?.open({ fetch: send, clock, timeoutSeconds, hasCertificate, publish })
  } catch (error) {
    certificates?.close()
    throw error
  }
  return {
    fetch: async (input, init) => {
      const request = await outgoingRequest(input, init)
      requireDestination(request, settings)
      return withDeadline(request, settings.timeoutSeconds, async (signal) => {
        const sendWith = (headers: Headers | Record<string, string>) => {
          const { method, init } = request
          const redirect = init.redirect ?? 'manual'
          const sent = { ...init, method, headers: forUndici(headers), signal, redirect }
          return send(request.url.href, sent as object).catch((error: unknown) => {
            throw asDownstreamError(error)
          })
        }
        if (supply === undefined) return sendWith(request.headers)
        return callWithToken(request, withinTime(supply, signal), sendWith)
      })
    },
    dispatcher,
    health: () => healthOf(certificates, clock()),
    reload: async () => certificates?.reload() ?? 'unchanged',
    close: () => {
      certificates?.close()
      return dispatcher.close()
    },
  }
}

/** @throws DownstreamError `endpoint_refused` · ConfigurationError where a token is set by hand beside those of the client */
function requireDestination({ url, headers, init }: OutgoingRequest, { origins, token, paths }: ClientSettings): void {
  const refuse = (message: string): never => {
    throw new DownstreamError('endpoint_refused', message)
  }
  const hasCredentials = token !== undefined || paths !== undefined
  if (url.username !== '' || url.password !== '') refuse('a URL may not hold credentials')
  if (hasCredentials && !isConfidential(url)) refuse('credentials go over TLS alone')
  if (origins.length > 0 && !origins.includes(url.origin)) refuse('the origin is none of those in `origins`')
  // RFC 9700 §4.11: whoever answers with a redirect would choose who gets what we send.
  if (hasCredentials && init.redirect === 'follow') refuse('a redirect is not followed with credentials')
  // INVARIANT: the token of a caller is not passed on by accident; it was issued for us (MCP, RFC 8693 §1.1).
  if (token !== undefined && (headers.has('authorization') || headers.has('dpop')))
    throw new ConfigurationError('a client with `token` sets Authorization and DPoP itself')
}

/** Until an answer begins; what comes after is bounded part by part, by the connection. */
async function withDeadline(
  { signal }: OutgoingRequest,
  seconds: number,
  call: (signal: AbortSignal) => Promise<Response>,
): Promise<Response> {
  const deadline = new AbortController()
  const late = new DownstreamError('service_unavailable', 'the service has not answered in time')
  const timer = setTimeout(() => deadline.abort(late), seconds * 1000)
  try {
    return await call(signal === undefined ? deadline.signal : AbortSignal.any([signal, deadline.signal]))
  } catch (error) {
    if (signal?.aborted) throw signal.reason
    throw error
  } finally {
    clearTimeout(timer)
  }
}

/** A mistake in the arguments stays what it is; undici words the rest as `fetch failed`, with the reason below. */
function asDownstreamError(error: unknown): unknown {
  if (!(error instanceof Error) || error instanceof DownstreamError || error instanceof ConfigurationError) return error
  if (error.cause instanceof DownstreamError) return error.cause
  if (error instanceof TypeError && error.cause === undefined) return error
  return new DownstreamError('service_unavailable', 'the service could not be reached', { cause: error })
}

/** Others may wait for the same token, so it is only the waiting that ends. */
function withinTime(supply: TokenSupply, signal: AbortSignal): Omit<TokenSupply, 'renew'> {
  const inTime = <Token>(token: Promise<Token>): Promise<Token> =>
    new Promise((resolve, reject) => {
      const giveUp = (): void => reject(new DownstreamError('token_unavailable', 'no token came in time'))
      if (signal.aborted) giveUp()
      signal.addEventListener('abort', giveUp, { once: true })
      token.then(resolve, reject).finally(() => signal.removeEventListener('abort', giveUp))
    })
  return {
    current: () => inTime(supply.current()),
    replace: (refused) => inTime(supply.replace(refused)),
    proofs: () => supply.proofs(),
  }
}

function healthOf(certificates: LiveCertificates | undefined, now: number): ServiceClientHealth {
  if (certificates === undefined) return {}
  const { loadedAt, rejection, set } = certificates
  return {
    certificates: {
      loadedAt,
      ...(set.expiresAt === undefined ? {} : { expiresAt: set.expiresAt }),
      isExpired: set.expiresAt !== undefined && now >= set.expiresAt,
      ...(rejection === undefined ? {} : { rejection }),
    },
  }
}
