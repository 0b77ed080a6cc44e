// The gateways of the application. A connection is judged before it opens, by what every gateway on it asks for; it is
// judged again for every message, and ended when it may not stay.

import type { ApplicationConfig } from '@nestjs/core'
import { ConfigurationError, type Decision, type Denied, type VerifiableRequest, type Verifier } from '@sallyport/core'
import { judge } from './judge.js'
import { type AnyClass, isClass } from './methods.js'
import { type Rule, ruleOfClass } from './rule.js'
import { endSocket, onceEnded } from './socket.js'
import { guardServer } from './socket-server.js'

/** Where a gateway listens, by the metadata of `@WebSocketGateway`. */
interface Gateway {
  readonly type: AnyClass
  readonly port: unknown
  readonly path: unknown
  readonly namespace: unknown
}

interface AnyAdapter {
  create(port: number, options?: { readonly path?: unknown; readonly namespace?: unknown }): object
}

/** Whether a class is a gateway: the mark that `@WebSocketGateway` leaves. */
export function isGateway(type: unknown): type is AnyClass {
  return isClass(type) && Reflect.hasMetadata('websockets:is_gateway', type)
}

/** Who may open a connection, and keep it. */
export class Gateways {
  readonly #verifier: Verifier<unknown>
  readonly #gateways: readonly Gateway[]
  readonly #Exception: (new (body: object) => Error) | undefined
  readonly #requests = new WeakMap<object, VerifiableRequest>()

  constructor(verifier: Verifier<unknown>, types: readonly AnyClass[], Exception?: new (body: object) => Error) {
    this.#verifier = verifier
    this.#Exception = Exception
    this.#gateways = types.map((type) => {
      const options = Reflect.getMetadata('websockets:gateway_options', type) ?? {}
      const { path, namespace } = options
      return { type, port: Reflect.getMetadata('port', type) || 0, path, namespace: withSlash(namespace) }
    })
  }

  /** Judges whoever connects to a server of the adapter that this application has, or will have. */
  guard(config: ApplicationConfig): void {
    const set = config.setIoAdapter.bind(config)
    config.setIoAdapter = (adapter) => {
      this.#guardAdapter(adapter as unknown as AnyAdapter)
      set(adapter)
    }
    const present = config.getIoAdapter()
    if (present) config.setIoAdapter(present)
  }

  #guardAdapter(adapter: AnyAdapter): void {
    const create = adapter.create
    adapter.create = (port, options = {}) => {
      const server = create.call(adapter, port, options)
      guardServer(server, {
        judge: (request) => this.#judge(request, this.#rulesAt({ ...options, port })),
        open: (client, request, auth) => this.#open(client, request, auth, this.#rulesAt({ ...options, port })),
      })
      return server
    }
  }

  /** What all gateways ask that share a server and a namespace; where there is none, a good token. */
  #rulesAt({
    port,
    path,
    namespace,
  }: Omit<Gateway, 'type' | 'path' | 'namespace'> & Partial<Gateway>): readonly Rule[] {
    const here = this.#gateways.filter(
      (each) => each.port === port && each.path === path && each.namespace === withSlash(namespace),
    )
    return here.length === 0 ? [{ access: 'required', policies: [] }] : here.map(({ type }) => ruleOfClass(type))
  }

  async #judge(request: VerifiableRequest, rules: readonly Rule[]): Promise<Decision<unknown>> {
    let decision: Decision<unknown> = { allowed: true, auth: undefined, validUntil: Number.POSITIVE_INFINITY }
    for (const rule of rules) {
      if (rule.access === 'public') continue
      const next = await judge(this.#verifier, request, rule)
      if (!next.allowed) return next
      decision = {
        ...next,
        auth: next.auth ?? decision.auth,
        validUntil: Math.min(next.validUntil, decision.validUntil),
      }
    }
    return decision
  }

  #open(
    client: Parameters<typeof endSocket>[0],
    request: VerifiableRequest,
    auth: unknown,
    rules: readonly Rule[],
  ): void {
    this.#requests.set(client, request)
    Object.assign(client, { auth }) // for handleConnection
    if (rules.every(({ access }) => access === 'public')) return
    const unwatch = this.#verifier.watch(
      () => this.#judge(request, rules),
      (denied, error) => endSocket(client, denied, error),
    )
    onceEnded(client, unwatch)
  }

  /** The request that opened the connection. @throws ConfigurationError for one that was not judged when it opened */
  requestOf(client: object): VerifiableRequest {
    const request = this.#requests.get(client)
    if (request === undefined)
      throw new ConfigurationError('this connection was not judged when it opened, so nobody passes')
    return request
  }

  toException(denied: Denied): Error {
    if (this.#Exception === undefined)
      throw new ConfigurationError('a message came, and the application has no gateway')
    return new this.#Exception(denied.body)
  }
}

function withSlash(namespace: unknown): unknown {
  if (namespace === undefined || namespace === '') return undefined
  return typeof namespace === 'string' && !namespace.startsWith('/') ? `/${namespace}` : namespace
}
