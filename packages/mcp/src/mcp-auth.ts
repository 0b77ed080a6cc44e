// An MCP server over HTTP in front of the engine: the metadata are open, everything else asks for a token. Nothing is
// decided here. No SDK is imported: what its transports take from a request is `auth`, in either of its majors.
import type { ServerResponse } from 'node:http'
import {
  allOf,
  ConfigurationError,
  createVerifier,
  type Denied,
  type Expression,
  type Principal,
  type ResourceMetadata,
  scope,
  type VerifiableRequest,
  type Verifier,
  type VerifierOptions,
} from '@sallyport/core'
import { writeDenied, writeHeaders } from '@sallyport/core/adapter'
import { toAuthInfo } from './auth-info.js'
import { calledTools } from './called-tools.js'
import { withDirections } from './directions.js'
import {
  audiencesOf,
  type ProtectedResourceOptions,
  requireList,
  type TrustOfEnvironment,
  verifierOptions,
  withResource,
} from './options.js'
import { type McpHandler, type McpRequest, metadataHandler } from './protected-resource.js'

/** Options of {@link mcpAuth}: a verifier's own, and what an MCP server says of itself. */
export type McpAuthOptions = ProtectedResourceOptions &
  (VerifierOptions | TrustOfEnvironment) & {
    /** Scopes that every request needs. A client reads them in the challenge. */
    readonly requiredScopes?: readonly string[]
  }

/** The middleware that {@link mcpAuth} makes. */
export interface McpAuthHandler extends McpHandler {
  /** To `explain` with and to `close`. */
  readonly verifier: Verifier<unknown>
  /** Where the metadata of this server are (RFC 9728 §3). */
  readonly metadataUrl: string
  /**
   * Asks for more where a tool is called. Stands on the route of the server, behind `express.json()`, and what it has
   * judged is what the transport must be given: `transport.handleRequest(req, res, req.body)`.
   *
   * @param policies - by the name of the tool; every other tool asks for what every request does
   * @example
   * ```ts
   * app.post('/mcp', express.json(), auth.tools({ cancel_order: scope('orders:write') }), handler)
   * ```
   * @throws ConfigurationError while building, for a policy that the policy words did not make, one made by `policy()`
   * (name it in `policies`, and say `use()`), or that uses one which is not there
   */
  tools(policies: Readonly<Record<string, Expression>>): McpHandler
}

/**
 * Verifies every request that reaches it, and sets `req.auth` as the SDK's transports expect it. A request that does not
 * pass is answered here, with where to get a token and for which scopes. Serves the metadata, which are open.
 *
 * @param options - without trust in them, `SALLYPORT_ISSUER` and `SALLYPORT_AUDIENCE` say it
 * @example
 * ```ts
 * app.use(mcpAuth({ issuer: 'https://idp.example.com', audience: 'https://mcp.example.com/mcp' }))
 * ```
 * @throws ConfigurationError while building
 */
export function mcpAuth(options: McpAuthOptions = {}): McpAuthHandler {
  const requiredScopes = requireList(options.requiredScopes ?? [], 'requiredScopes')
  const trust = verifierOptions(options)
  const scopes = requiredScopes.length === 0 ? undefined : scope(...requiredScopes)
  const every = [trust?.policy, scopes].filter((policy) => policy !== undefined) as readonly Expression[]
  const required = every.length > 1 ? allOf(...every) : every[0]
  const { scopesSupported = requiredScopes } = options
  const verifier: Verifier<unknown> = createVerifier(withResource(trust, { ...options, scopesSupported }))
  const audiences = audiencesOf(trust)
  const metadata = metadataHandler(verifier.resourceMetadata as ResourceMetadata)
  const passed = new WeakMap<McpRequest, unknown>() // out of reach of whatever writes to `req.auth`

  const refuse = (response: ServerResponse, denied: Denied): void =>
    writeDenied(response, withDirections(denied, requiredScopes))

  const gate: McpHandler = (request, response, next) => {
    const answer = verifier.verify(toVerifiable(request), required).then((decision) => {
      if (!decision.allowed) return refuse(response, decision)
      writeHeaders(response, decision)
      const auth = decision.auth as Principal<unknown> | undefined
      passed.set(request, auth)
      Object.assign(request, {
        auth: auth && { ...toAuthInfo(auth, audiences), resourceMetadataUrl: metadata.url },
      })
      if (opensStream(request)) {
        const judge = () => verifier.verify(toVerifiable(request), required)
        response.once(
          'close',
          verifier.watch(judge, () => response.destroy()),
        )
      }
      next()
    })
    answer.catch(next) // a fault of ours: a 500, and nobody passes
  }

  const tools: McpAuthHandler['tools'] = (policies) => {
    // What every request needs is in each of them, so that the challenge names all the scopes at once.
    const byTool = new Map(Object.entries(policies).map(([tool, policy]) => [tool, allOf(...every, policy)]))
    for (const policy of byTool.values()) verifier.routeParamsOf(policy) // refuses what uses a policy that is not there
    return (request, response, next) => {
      if (!passed.has(request))
        return next(new ConfigurationError('tools() stands behind mcpAuth(), which has not run'))
      const called = calledTools(request) ?? [...byTool.keys()] // it may be any of them
      const [policy, ...more] = [...new Set(called)].flatMap((tool) => byTool.get(tool) ?? [])
      if (policy === undefined) return next()
      const asked = more.length === 0 ? policy : allOf(policy, ...more)
      const answer = verifier.authorize(passed.get(request), asked, toVerifiable(request)).then((decision) => {
        if (!decision.allowed) return refuse(response, decision)
        next()
      })
      answer.catch(next)
    }
  }

  const handler: McpHandler = (request, response, next) =>
    metadata(request, response, () => gate(request, response, next))
  return Object.assign(handler, { verifier, metadataUrl: metadata.url, tools })
}

/** The stream on which a server speaks by itself: it stays open for longer than a token holds. */
function opensStream({ method, headers }: McpRequest): boolean {
  return method === 'GET' && headers.accept?.includes('text/event-stream') === true
}

function toVerifiable(request: McpRequest): VerifiableRequest {
  const { method, url, originalUrl = url, headers, rawHeaders, body, params, socket } = request
  return { method, url: originalUrl, headers, rawHeaders, body, params, socket, identity: request }
}
