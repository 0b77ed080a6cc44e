// Fastify 5 in front of the engine. Nothing is decided here: a request is shown to the verifier on its matched route, and its
// answer is written or passed on. Every route of the scope is protected unless its own configuration says otherwise.
import {
  ConfigurationError,
  createVerifier,
  type Decision,
  type Policy,
  type RegisteredAuth,
  use,
  type VerifiableRequest,
  type Verifier,
  type VerifierOptions,
} from '@sallyport/core'
import { requirePolicyNode, type WritableHeaders, writeHeaders } from '@sallyport/core/adapter'
import type { FastifyPluginAsync, FastifyReply, FastifyRequest, RouteOptions } from 'fastify'
import fastifyPlugin from 'fastify-plugin'
import { noteErrorHandler, refuse } from './refusal.js'
import { serveMetadata } from './resource-metadata.js'

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

interface Rule {
  readonly isPublic: boolean
  readonly policy: Policy | undefined
  readonly route: { readonly optional: boolean }
}

/** @throws ConfigurationError */
function toRule(auth: RouteAuth | undefined): Rule {
  const rule = { isPublic: false, policy: undefined, route: { optional: false } }
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
    return { ...rule, route: { optional: true } }
  }
  return { ...rule, policy: requirePolicyNode(auth) }
}

const protect: FastifyPluginAsync<VerifierOptions | Record<never, never>> = async (app, options) => {
  const verifier = createVerifier(ownOptions(options))
  const rules = new WeakMap<object, Rule>()
  const ruleOf = (config: { readonly auth?: RouteAuth }): Rule => {
    const known = rules.get(config)
    if (known !== undefined) return known
    const rule = toRule(config.auth)
    rules.set(config, rule)
    return rule
  }
  if (!Object.hasOwn(app, 'verifier')) app.decorate('verifier', verifier)
  if (!app.hasRequestDecorator('auth')) app.decorateRequest('auth')
  app.addHook('onRoute', (route) => {
    requireParams(route, toRule(route.config?.auth).policy, verifier)
    noteErrorHandler(route)
  })
  app.addHook('onRequest', (request, reply, done) => {
    const { isPublic, policy, route } = ruleOf(request.routeOptions.config)
    request.auth = undefined as unknown as RegisteredAuth // what a hook before has written there is nobody's word
    if (isPublic) return done()
    const pass = (decision: Decision<unknown>) => {
      if (!decision.allowed) return refuse(request, reply, decision, done)
      request.auth = decision.auth as RegisteredAuth
      if (decision.headers !== undefined) writeHeaders(toWritable(reply), decision)
      done()
    }
    const decision = verifier.decide(toVerifiable(request), policy, route)
    if (decision instanceof Promise) decision.then(pass).catch(done)
    else pass(decision)
  })
  app.addHook('onClose', () => verifier.close())
  serveMetadata(app, verifier)
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

function toVerifiable(request: FastifyRequest): VerifiableRequest {
  const { method, originalUrl: url, headers, raw, socket } = request
  const params = request.params as Record<string, unknown>
  return { method, url, headers, rawHeaders: raw.rawHeaders, params, socket, identity: raw }
}

function toWritable(reply: FastifyReply): WritableHeaders {
  return { getHeader: (name) => reply.getHeader(name), setHeader: (name, value) => reply.header(name, value) }
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
