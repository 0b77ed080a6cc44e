// The words in which a developer says who may call a route: about the token, and how parts go together. Those about the
// request are in `request-words.ts`.
import { ConfigurationError } from '../errors.js'
import { didYouMean } from '../option-checks.js'
import { requireClaimPath, show } from './comparison.js'
import { type Duration, parseDuration } from './duration.js'
import type { BindingMethod } from './facts.js'
import { type CustomReads, type CustomTest, type Expression, make, type NamedPolicy } from './policy.js'
import {
  requireExpression,
  requireNames,
  requireParts,
  requirePolicyName,
  requireScopes,
  scopeToken,
} from './word-checks.js'

/**
 * Every one of these holds. False as soon as one is false, whatever the others are; undetermined if none is false and one
 * is undetermined.
 *
 * @throws ConfigurationError for no part at all
 */
export function allOf(...parts: readonly Expression[]): Expression {
  return make({ kind: 'allOf', of: requireParts('allOf', parts) })
}

/**
 * At least one of these holds. True as soon as one is true, whatever the others are.
 *
 * @throws ConfigurationError for no part at all
 */
export function anyOf(...parts: readonly Expression[]): Expression {
  return make({ kind: 'anyOf', of: requireParts('anyOf', parts) })
}

/**
 * This does not hold. What is undetermined stays so: a claim that is missing never lets anybody pass.
 *
 * @throws ConfigurationError
 */
export function not(part: Expression): Expression {
  return make({ kind: 'not', of: requireExpression(part) })
}

/**
 * So many of these hold, or more.
 *
 * @param count - from 1 to the number of parts
 * @throws ConfigurationError
 */
export function atLeast(count: number, ...parts: readonly Expression[]): Expression {
  const of = requireParts('atLeast', parts)
  if (!Number.isInteger(count) || count < 1 || count > of.length) {
    throw new ConfigurationError(
      `atLeast() takes a count from 1 to the number of its parts, and ${show(count)} is none`,
    )
  }
  return make({ kind: 'atLeast', count, of })
}

/** Lets every valid token pass. */
export function allow(): Expression {
  return make({ kind: 'always', verdict: 'allow' })
}

/** Lets nobody pass. */
export function denyAll(): Expression {
  return make({ kind: 'always', verdict: 'deny' })
}

/**
 * A policy of the verifier's set of policies, by its name. It is looked up when a request is judged, so that a reloaded
 * policy holds at once; a name that the set lacks lets nobody pass.
 *
 * @throws ConfigurationError
 */
export function use(name: string): Expression {
  return make({ kind: 'use', name: requirePolicyName(name, 'use()') })
}

/** What {@link policy} takes. */
export interface PolicyParts {
  /** Who may pass. There is no default. */
  readonly allow: Expression
  /** Who may not, even so. Each must be certainly false: a `forbid` that is undetermined denies. */
  readonly forbid?: readonly Expression[]
  /** One sentence for the operator, in explanations and events. */
  readonly message?: string
}

/**
 * Names a policy. It allows if, and only if, `allow` is true and every `forbid` is false.
 *
 * @throws ConfigurationError
 */
export function policy(name: string, parts: PolicyParts): NamedPolicy {
  requirePolicyName(name, 'policy()')
  if (typeof parts !== 'object' || parts === null) throw new ConfigurationError(`${name}: a policy needs \`allow\``)
  for (const key of Object.keys(parts)) {
    if (!['allow', 'forbid', 'message'].includes(key))
      throw new ConfigurationError(`${name}: a policy has no \`${key}\``)
  }
  const { allow, forbid = [], message } = parts
  if (!Array.isArray(forbid)) throw new ConfigurationError(`${name}: \`forbid\` must be an array`)
  if (message !== undefined && (typeof message !== 'string' || !/^[^\p{Cc}]{1,200}$/u.test(message))) {
    throw new ConfigurationError(`${name}: \`message\` must be one line of at most 200 characters`)
  }
  return make({
    kind: 'policy',
    name,
    allow: requireExpression(allow),
    forbid: Object.freeze(forbid.map(requireExpression)),
    ...(message !== undefined && { message }),
  })
}

/**
 * The token was granted all of these scopes.
 *
 * @param scopes - scope tokens (RFC 6749 §3.3), at least one, each on its own: `scope('read:orders', 'write:orders')`
 * @throws ConfigurationError for no scope, or one that no authorization server can grant
 * @see https://www.rfc-editor.org/rfc/rfc6750#section-3.1
 */
export function scope(...scopes: readonly string[]): Expression {
  return make({ kind: 'scope', scopes: requireScopes('scope()', scopes) })
}

/**
 * The token was granted one of these scopes, or more.
 *
 * @throws ConfigurationError as {@link scope}
 */
export function anyScope(...scopes: readonly string[]): Expression {
  return make({ kind: 'anyScope', scopes: requireScopes('anyScope()', scopes) })
}

/**
 * The token grants one of these roles, or more, in the claims that the issuer's record names.
 *
 * @throws ConfigurationError
 */
export function role(...roles: readonly string[]): Expression {
  return make({ kind: 'role', roles: requireNames('role()', roles) })
}

/**
 * The token comes from one of these issuers, to the letter.
 *
 * @throws ConfigurationError
 */
export function issuer(...issuers: readonly string[]): Expression {
  return make({ kind: 'issuer', issuers: requireNames('issuer()', issuers) })
}

/**
 * The token is meant for one of these audiences (`aud`), beside being meant for us.
 *
 * @throws ConfigurationError
 */
export function audience(...audiences: readonly string[]): Expression {
  return make({ kind: 'audience', audiences: requireNames('audience()', audiences) })
}

/**
 * The token speaks for one of these subjects (`sub`).
 *
 * @throws ConfigurationError
 */
export function subject(...subjects: readonly string[]): Expression {
  return make({ kind: 'subject', subjects: requireNames('subject()', subjects) })
}

/**
 * The token was given to one of these clients (`client_id`, or what the issuer calls it: `azp`, `cid`, `appid`).
 *
 * @throws ConfigurationError
 */
export function client(...clients: readonly string[]): Expression {
  return make({ kind: 'client', clients: requireNames('client()', clients) })
}

/**
 * The user has authenticated within this time (`auth_time`). A time that lies more than a minute ahead does not count.
 *
 * @throws ConfigurationError
 * @see https://www.rfc-editor.org/rfc/rfc9470#section-3
 */
export function authenticatedWithin(duration: Duration): Expression {
  return make({ kind: 'authenticatedWithin', seconds: parseDuration(duration, 'authenticatedWithin()') })
}

/**
 * The user has authenticated at this level (`acr`), or at one that stands above it. Levels are opaque texts: which stands
 * above which is said by `levels`, or once for all by `policyKit({ acrLevels })`. A level that is not among them is
 * undetermined.
 *
 * @param levels - the whole ladder, lowest first @defaultValue the one level
 * @throws ConfigurationError
 * @see https://www.rfc-editor.org/rfc/rfc9470#section-3
 */
export function acrAtLeast(level: string, levels: readonly string[] = [level]): Expression {
  const ladder = requireNames('the levels of acrAtLeast()', levels)
  for (const name of ladder) {
    if (!scopeToken.test(name))
      throw new ConfigurationError(`${show(name)} is no authentication context class: it goes into a challenge`)
  }
  if (!ladder.includes(level)) {
    throw new ConfigurationError(
      `acrAtLeast() takes one of the levels ${ladder.join(', ')}, and ${show(level)} is none${didYouMean(level, ladder)}`,
    )
  }
  return make({ kind: 'acrAtLeast', level, levels: ladder })
}

/**
 * The user has authenticated by one of these methods (`amr`, RFC 8176). For several at once: `allOf(amr('pwd'), amr('otp'))`.
 *
 * @throws ConfigurationError
 */
export function amr(...methods: readonly string[]): Expression {
  return make({ kind: 'amr', methods: requireNames('amr()', methods) })
}

/**
 * The token is bound, and its bearer has proven in one of these ways to be its holder (RFC 8705, RFC 9449).
 *
 * @throws ConfigurationError
 */
export function boundBy(...methods: readonly BindingMethod[]): Expression {
  for (const method of requireNames('boundBy()', methods)) {
    if (method !== 'dpop' && method !== 'mtls')
      throw new ConfigurationError(`boundBy() takes 'dpop' and 'mtls', not ${show(method)}`)
  }
  return make({ kind: 'boundBy', methods: Object.freeze([...new Set(methods)]) })
}

/**
 * Who acts on behalf of the subject (`act`, RFC 8693 §4.1). Only the outermost actor counts; those before it are history.
 */
export const actor: {
  /** Nobody: the subject acts for itself. */
  none(): Expression
  /** One of these: the `sub` of the outermost actor. @throws ConfigurationError */
  is(...subjects: readonly string[]): Expression
  /** The chain of actors is at most so long; without an actor it is 0. @throws ConfigurationError */
  depthAtMost(depth: number): Expression
} = Object.freeze({
  none: () => make({ kind: 'actorNone' }),
  is: (...subjects) => make({ kind: 'actorIs', subjects: requireNames('actor.is()', subjects) }),
  depthAtMost(depth) {
    if (!Number.isInteger(depth) || depth < 1 || depth > 16) {
      throw new ConfigurationError('actor.depthAtMost() takes a number from 1 to 16; for 0 say actor.none()')
    }
    return make({ kind: 'actorDepthAtMost', depth })
  },
})

/**
 * A test in code, for what no word says. It cannot be written into a document. It must answer exactly `true` to let pass;
 * what it throws, and a promise, are undetermined.
 *
 * @param reads - the claims and route parameters it looks at, for checks and explanations
 * @throws ConfigurationError for an asynchronous function
 */
export function custom(name: string, reads: CustomReads, test: CustomTest): Expression {
  requirePolicyName(name, 'custom()')
  if (typeof test !== 'function') throw new ConfigurationError(`custom(${show(name)}) takes a function`)
  if (test.constructor.name !== 'Function') {
    throw new ConfigurationError(`custom(${show(name)}) takes a function that answers at once: a promise is no true`)
  }
  if (typeof reads !== 'object' || reads === null)
    throw new ConfigurationError(`custom(${show(name)}) takes what it reads, such as { claims: [['sub']] }`)
  const { claims: paths = [], params: names = [] } = reads
  if (!Array.isArray(paths) || !paths.every(Array.isArray) || !Array.isArray(names)) {
    throw new ConfigurationError(`custom(${show(name)}) reads lists, such as { claims: [['sub']], params: ['id'] }`)
  }
  const claims = Object.freeze(paths.map(requireClaimPath))
  const params = Object.freeze(names.map((param) => requirePolicyName(param, `custom(${show(name)})`)))
  return make({ kind: 'custom', name, reads: Object.freeze({ claims, params }), test })
}
