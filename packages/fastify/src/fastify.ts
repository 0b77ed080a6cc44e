// Fastify 5 in front of the engine. Nothing is decided here: a request is shown to the verifier on its matched route, and its
// answer is written or passed on. Every route of the scope is protected unless its own configuration says otherwise.
import {
  ConfigurationError,
  createVerifier,
  type Denied,
  type Policy,
  type RegisteredAuth,
  use,
  type VerifiableRequest,
  type Verifier,
  type VerifierOptions,
} from '@sallyport/core'
import { requirePolicyNode } from '@sallyport/core/adapter'
import type { FastifyInstance, FastifyPluginAsync, FastifyReply, FastifyRequest, RouteOptions } from 'fastify'
import fastifyPlugin from 'fastify-plugin'

/** What a route says of itself in `config.auth`: a policy, the name of one, `false` for public, or that it is optional. */
export type RouteAuth = Policy | string | false | { readonly optional: true }

declare module 'fastify' {
  interface FastifyRequest {
    /** Who passed. */
    auth: RegisteredAuth
  }
  interface FastifyInstance {
    /** The verifier of this scope, to `explain` with. */
    readonly verifier: Verifier<unknown>
  }
  interface FastifyContextConfig {
    /** Who may call the route. @defaultValue the `policy` of the options */
    auth?: RouteAuth
  }
}

/** A refusal, for an error handler of the application. Status and headers of the answer are on the reply already. */
export class DeniedError extends Error {
  override readonly name = 'DeniedError'
  readonly code: Denied['code']
  readonly statusCode: Denied['status']
  readonly body: Denied['body']

  constructor({ code, status, body }: Denied) {
    super(body.title)
    this.code = code
    this.statusCode = status
    this.body = body
  }
}

interface Rule {
  readonly isPublic: boolean
  readonly policy: Policy | undefined
  readonly optional: boolean
}

/** @throws ConfigurationError */
function toRule(auth: RouteAuth | undefined): Rule {
  const rule = { isPublic: false, policy: undefined, optional: false }
  if (auth === undefined) return rule
  if (auth === false) return { ...rule, isPublic: true }
  if (typeof auth === 'string') return { ...rule, policy: use(auth) }
  if (
    typeof auth === 'object' &&
    auth !== null &&
    'optional' in auth &&
    auth.optional === true &&
    Object.keys(auth).length === 1
  ) {
    return { ...rule, optional: true }
  }
  return { ...rule, policy: requirePolicyNode(auth) }
}

const protect: FastifyPluginAsync<VerifierOptions | Record<never, never>> = async (app, options) => {
  const verifier = createVerifier(ownOptions(options))
  const rules = new WeakMap<object, Rule>()
  const ruleOf = (config: { readonly auth?: RouteAuth }): Rule => {
    const rule = rules.get(config) ?? toRule(config.auth)
    rules.set(config, rule)
    return rule
  }
  if (!Object.hasOwn(app, 'verifier')) app.decorate('verifier', verifier)
  if (!app.hasRequestDecorator('auth')) app.decorateRequest('auth')
  app.addHook('onRoute', (route) => {
    requireParams(route, toRule(route.config?.auth).policy, verifier)
    if (route.errorHandler !== undefined) route.config = Object.assign({}, route.config, { [handlesErrors]: true })
  })
  app.addHook('onRequest', async (request, reply) => {
    const { isPublic, policy, optional } = ruleOf(request.routeOptions.config)
    request.auth = undefined as unknown as RegisteredAuth // what a hook before has written there is nobody's word
    if (isPublic) return
    const decision = await verifier.verify(toVerifiable(request), policy, { optional })
    if (!decision.allowed) return refuse(request, reply, decision)
    request.auth = decision.auth as RegisteredAuth
  })
  app.addHook('onClose', () => verifier.close())
}

/** What Fastify itself takes beside the options of a plugin is none of ours; with nothing left, the environment speaks. */
function ownOptions(options: object): VerifierOptions | undefined {
  const { prefix: _, logLevel: __, logSerializers: ___, ...own } = options as Record<string, unknown>
  return Object.keys(own).length === 0 ? undefined : (own as unknown as VerifierOptions)
}

/** @throws ConfigurationError for a policy that reads a parameter which the route lacks */
function requireParams({ method, url }: RouteOptions, policy: Policy | undefined, verifier: Verifier<unknown>): void {
  if (policy === undefined) return
  const lacking = verifier
    .routeParamsOf(policy)
    .find((name) => !new RegExp(`:${name}(?!\\w)`).test(url.replaceAll('::', '')))
  if (lacking === undefined) return
  throw new ConfigurationError(`${String(method)} ${url}: the policy reads :${lacking}, which the route lacks`)
}

/** Through the error handler of the application, if it has one; as the engine words it otherwise. */
function refuse({ server, routeOptions }: FastifyRequest, reply: FastifyReply, denied: Denied): FastifyReply {
  reply.code(denied.status).headers(denied.headers)
  if (handlesErrors in routeOptions.config || hasOwnErrorHandler(server)) throw new DeniedError(denied)
  return reply.send(Buffer.from(JSON.stringify(denied.body)))
}

/** On the configuration of a route with an error handler of its own; at the time of a request, Fastify shows it nowhere. */
const handlesErrors = Symbol('sallyport.handlesErrors')

/** `setErrorHandler` binds what it is given, and Fastify's own handler is bound to nothing, whatever a bundler calls it. */
function hasOwnErrorHandler({ errorHandler }: FastifyInstance): boolean {
  return errorHandler.name.startsWith('bound ')
}

function toVerifiable({ method, url, headers, raw, params, socket }: FastifyRequest): VerifiableRequest {
  return { method, url, headers, rawHeaders: raw.rawHeaders, params: params as Record<string, unknown>, socket }
}

/**
 * Verifies every request of the scope that it is registered in, and sets `request.auth`.
 *
 * @example
 * ```ts
 * await app.register(sallyport, { issuer: 'https://idp.example.com', audience: 'https://api.example.com' })
 * app.get('/orders', { config: { auth: scope('read:orders') } }, handler)
 * ```
 * @throws ConfigurationError while registering the plugin or a route
 */
export const sallyport: typeof protect = fastifyPlugin(protect, { fastify: '5.x', name: '@sallyport/fastify' })
