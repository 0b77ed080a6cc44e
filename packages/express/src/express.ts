// Express 4 and 5 in front of the engine. Nothing is decided here: a request is shown to the verifier, and its answer is
// written or passed on. Guards run where Express runs them, on the matched route; there are no lists of paths.
import {
  type AuthOf,
  ConfigurationError,
  createVerifier,
  type Decision,
  type Policy,
  type RegisteredAuth,
  type VerifiableRequest,
  type Verifier,
  type VerifierOptions,
} from '@sallyport/core'
import { requirePolicyNode, type StandardSchemaV1, writeDenied, writeHeaders } from '@sallyport/core/adapter'
import type { Request, RequestHandler } from 'express'

declare global {
  namespace Express {
    interface Request {
      /** Who passed {@link auth}. */
      auth: RegisteredAuth
    }
  }
}

/** The middleware that {@link auth} makes, with the verifier behind it, to `explain` with and to `close`. */
export interface AuthHandler<Auth> extends RequestHandler {
  readonly verifier: Verifier<Auth>
}

/** The claims that a guard lets through, for `Register`: `interface Register { claims: ClaimsOf<typeof guard> }`. */
export type ClaimsOf<Handler> =
  Handler extends AuthHandler<infer Auth>
    ? NonNullable<Auth> extends { claims: infer Claims }
      ? Claims
      : never
    : never

interface Passed {
  readonly verifier: Verifier<unknown>
  readonly auth: unknown
}

/** Who passed which guard: on the request itself, where whatever writes to `req.auth` does not reach. */
const passed = Symbol('passed')
type GuardedRequest = Request & { [passed]?: Passed }

/**
 * Verifies every request that reaches it, and sets `req.auth`. A request that does not pass is answered here.
 *
 * @param options - as `createVerifier` takes them; without any, `SALLYPORT_ISSUER` and `SALLYPORT_AUDIENCE`
 * @example
 * ```ts
 * app.use(auth({ issuer: 'https://idp.example.com', audience: 'https://api.example.com' }))
 * ```
 * @throws ConfigurationError while building
 * @see https://www.rfc-editor.org/rfc/rfc6750
 */
export function auth<
  const Schema extends StandardSchemaV1 | undefined = undefined,
  const Optional extends boolean = false,
>(options?: VerifierOptions<Schema, Optional>): AuthHandler<AuthOf<Schema, Optional>> {
  const verifier = createVerifier(options)
  const guard: RequestHandler = (request, response, next) => {
    const pass = (decision: Decision<unknown>) => {
      if (!decision.allowed) return writeDenied(response, decision)
      const guarded: GuardedRequest = request
      guarded[passed] = { verifier, auth: decision.auth }
      request.auth = decision.auth as RegisteredAuth
      writeHeaders(response, decision)
      next()
    }
    const decision = verifier.decide(toVerifiable(request)) // a fault of ours: Express answers 500, and nobody passes
    if (decision instanceof Promise) decision.then(pass).catch(next)
    else pass(decision)
  }
  return Object.assign(guard, { verifier })
}

/**
 * Serves what this API says of itself (RFC 9728), to everybody. Goes before the guard.
 *
 * @example
 * ```ts
 * const guard = auth({ issuer: 'https://idp.example.com', audience: 'https://api.example.com', resource: {} })
 * app.use(resourceMetadata(guard), guard)
 * ```
 * @throws ConfigurationError while building, where the guard was given no `resource`
 */
export function resourceMetadata({ verifier }: { readonly verifier: Verifier<unknown> }): RequestHandler {
  const metadata = verifier.resourceMetadata
  if (metadata === undefined) throw new ConfigurationError('there are metadata where `resource` is set, and it is not')
  return ({ method, originalUrl }, response, next) => {
    const answer = metadata.answer(method, originalUrl)
    if (answer === undefined) return next()
    response.writeHead(answer.status, answer.headers).end(answer.body)
  }
}

/**
 * Lets a request pass that satisfies a policy. Stands behind {@link auth}; without it, nobody passes.
 *
 * @example
 * ```ts
 * app.get('/orders', requires(scope('read:orders')), handler)
 * ```
 * @throws ConfigurationError while building, for a policy that the policy words did not make; to Express, for a policy that
 * reads a parameter which the route lacks
 */
export function requires(policy: Policy): RequestHandler {
  requirePolicyNode(policy)
  return (request: GuardedRequest, response, next) => {
    const who = request[passed]
    if (who === undefined) return next(new ConfigurationError('requires() stands behind auth(), and no auth() has run'))
    const lacking = who.verifier.routeParamsOf(policy).find((name) => !hasParam(request, name))
    if (lacking !== undefined)
      return next(new ConfigurationError(`the policy reads :${lacking}, which the route lacks`))
    const answer = who.verifier.authorize(who.auth, policy, toVerifiable(request)).then((decision) => {
      if (!decision.allowed) return writeDenied(response, decision)
      next()
    })
    answer.catch(next)
  }
}

/** Whether the matched route has such a parameter; an optional one may be without a value. */
function hasParam({ params, route }: Request, name: string): boolean {
  return Object.hasOwn(params, name) || new RegExp(`[:*]${name}\\b`).test(String(route?.path))
}

function toVerifiable(request: Request): VerifiableRequest {
  const { method, originalUrl: url, headers, rawHeaders, body, params, socket } = request
  return { method, url, headers, rawHeaders, body, params, socket, identity: request }
}
