// The same policy in the libraries. What they can prepare, they have prepared: the policy is parsed, and each request is in
// the form they take. A library is loaded only by the process that measures it.
import { isFresh, withScopes } from './by-hand.js'

/**
 * What a token alone decides, its ability has decided already. Freshness is no condition on a resource, so it stands beside
 * CASL: that is less work than CASL would make of it.
 */
const casl = async () => {
  const { AbilityBuilder, createMongoAbility, subject } = await import('@casl/ability')
  const abilityOf = ({ claims, scopes }) => {
    const { can, build } = new AbilityBuilder(createMongoAbility)
    if (scopes.includes('read:orders')) {
      if (claims.roles.includes('admin')) can('read', 'Order')
      else if (typeof claims.tenant === 'string') can('read', 'Order', { tenantId: claims.tenant })
    }
    return build()
  }
  const orderOf = ({ tenantId }) => subject('Order', { tenantId })
  const prepare = (request) => {
    const { claims, scopes, params, now } = withScopes(request)
    return { claims, scopes, params, now, ability: abilityOf({ claims, scopes }), order: orderOf(params) }
  }
  return { abilityOf, orderOf, prepare }
}

export async function caslCached() {
  const { prepare } = await casl()
  const decide = ({ ability, order, claims, now }) => ability.can('read', order) && isFresh(claims.auth_time, now)
  return { prepare, decide }
}

export async function caslSubjectPerRequest() {
  const { orderOf, prepare } = await casl()
  const decide = ({ ability, params, claims, now }) =>
    ability.can('read', orderOf(params)) && isFresh(claims.auth_time, now)
  return { prepare, decide }
}

export async function caslPerRequest() {
  const { abilityOf, orderOf, prepare } = await casl()
  const decide = ({ claims, scopes, params, now }) =>
    abilityOf({ claims, scopes }).can('read', orderOf(params)) && isFresh(claims.auth_time, now)
  return { prepare, decide }
}

export async function casbin() {
  const { newEnforcer, newModelFromString, StringAdapter } = await import('casbin')
  const model = newModelFromString(`
    [request_definition]
    r = token, params, now

    [policy_definition]
    p = scope, role

    [policy_effect]
    e = some(where (p.eft == allow))

    [matchers]
    m = includes(r.token.scopes, p.scope) && (includes(r.token.roles, p.role) || r.token.tenant == r.params.tenantId) && r.token.auth_time <= r.now + 60 && r.now - r.token.auth_time <= 900
  `)
  const enforcer = await newEnforcer(model, new StringAdapter('p, read:orders, admin'))
  await enforcer.addFunction('includes', (list, item) => list.includes(item))
  const prepare = (request) => {
    const { claims, scopes, params, now } = withScopes(request)
    const { roles, tenant, auth_time } = claims
    return { token: { scopes, roles, tenant, auth_time }, params, now }
  }
  return { prepare, decide: ({ token, params, now }) => enforcer.enforceSync(token, params, now) }
}

/** Only the claims that the policy reads: Cedar takes the context apart at every call. */
export async function cedar() {
  const { preparsePolicySet, statefulIsAuthorized } = await import('@cedar-policy/cedar-wasm/nodejs')
  const policy = `
    permit(principal, action == Action::"read", resource) when {
      context.scopes.contains("read:orders") &&
      (context.roles.contains("admin") || (context has tenant && context.tenant == context.tenantId)) &&
      context has auth_time && context.auth_time <= context.now + 60 && context.now - context.auth_time <= 900
    };`
  const parsed = preparsePolicySet('orders', { staticPolicies: policy })
  if (parsed.type !== 'success') throw new Error(JSON.stringify(parsed))
  const prepare = (request) => {
    const { claims, scopes, params, now } = withScopes(request)
    const { roles, tenant, auth_time } = claims
    return {
      principal: { type: 'User', id: claims.sub },
      action: { type: 'Action', id: 'read' },
      resource: { type: 'Orders', id: 'all' },
      context: { scopes, roles, tenant, tenantId: params.tenantId, now, ...(auth_time !== undefined && { auth_time }) },
      preparsedPolicySetId: 'orders',
      entities: [],
    }
  }
  return { prepare, decide: (call) => statefulIsAuthorized(call).response?.decision === 'allow' }
}

const celText = `"read:orders" in scopes && ("admin" in claims.roles || claims.tenant == params.tenantId)
  && claims.auth_time <= now + 60.0 && now - claims.auth_time <= 900.0`

export async function bufbuildCel() {
  const { celEnv, parse, plan } = await import('@bufbuild/cel')
  const evaluate = plan(celEnv(), parse(celText))
  return { prepare: withScopes, decide: (bindings) => evaluate(bindings) === true }
}

export async function marcbachmannCel() {
  const { Environment } = await import('@marcbachmann/cel-js')
  const environment = new Environment({ unlistedVariablesAreDyn: true })
  const evaluate = environment.parse(celText)
  const decide = (bindings) => {
    try {
      return evaluate(bindings) === true
    } catch {
      return false // this is how it says that a claim is missing
    }
  }
  return { prepare: withScopes, decide }
}
