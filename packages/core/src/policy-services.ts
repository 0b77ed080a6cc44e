// The words for policies that are decided elsewhere: by a policy decision point that speaks AuthZEN, by OPA, or by a function of
// the application. Each makes leaves; who is asked, when, and what an answer is worth is the same for all of them.
import { discoverEvaluation, usualEndpoint } from './authzen-endpoint.js'
import { monotonicClock } from './clock.js'
import { DecidingService } from './deciding-service.js'
import { ConfigurationError } from './errors.js'
import { askByHttp } from './http-decisions.js'
import { DocumentError } from './keys/fetch-document.js'
import { LocatedEndpoint } from './keys/located-endpoint.js'
import { type Expression, make } from './policy/policy.js'
import { type AuthzenQuestion, parseAuthzenQuestion, readAuthzenAnswer } from './policy/services/authzen.js'
import type { JsonValue } from './policy/services/canonical-json.js'
import { parseRulePath, readOpaAnswer } from './policy/services/opa.js'
import type { QuestionNode } from './policy/services/question-node.js'
import { parseQuestion, type QuestionValue } from './policy/services/question-words.js'
import { NoDecisionError } from './policy/services/service-answer.js'
import { requirePolicyName } from './policy/word-checks.js'
import {
  type HttpServiceOptions,
  judgeHttpServiceOptions,
  judgeServiceOptions,
  type PolicyServiceOptions,
} from './policy-service-options.js'

/** What {@link authzen} takes. */
export interface AuthzenOptions extends HttpServiceOptions {
  /** Reads where it answers in its metadata, in place of `<url>/access/v1/evaluation`. @defaultValue false */
  readonly discovery?: boolean
}

/** A policy decision point that speaks AuthZEN. */
export interface AuthzenService {
  /**
   * It permits this. Undetermined without a call where a value that is to be read is missing.
   *
   * @throws ConfigurationError
   */
  permits(question: AuthzenQuestion): Expression
}

/**
 * A policy decision point that speaks AuthZEN (Authorization API 1.0). One for the life of an application: what it remembers, and
 * what keeps a slow one from harm, is its own.
 *
 * @example
 * ```ts
 * const pdp = authzen({ url: 'https://pdp.example.com' })
 * const editDoc = policy('doc.edit', {
 *   allow: allOf(
 *     scope('docs:write'),
 *     pdp.permits({
 *       subject: { type: 'user', id: claim('sub') },
 *       action: { name: req.method },
 *       resource: { type: 'doc', id: param('docId') },
 *     }),
 *   ),
 * })
 * ```
 * @throws ConfigurationError
 * @see https://openid.net/specs/authorization-api-1_0.html
 */
export function authzen(options: AuthzenOptions): AuthzenService {
  const settings = judgeHttpServiceOptions(options, 'authzen()', ['discovery'])
  const { discovery = false } = options
  if (typeof discovery !== 'boolean') throw new ConfigurationError('authzen(): `discovery` must be true or false')
  const usual = usualEndpoint(settings)
  const located = new LocatedEndpoint(
    async (how) => (discovery ? discoverEvaluation(settings, how) : usual),
    monotonicClock,
  )
  const service = new DecidingService({
    ...settings,
    async decide({ value }, signal) {
      try {
        return await askByHttp(
          settings,
          {
            endpoint: (how) => located.find(how),
            body: JSON.stringify(value),
            read: readAuthzenAnswer,
            requestId: globalThis.crypto.randomUUID(),
          },
          signal,
        )
      } catch (error) {
        const isAbsent =
          error instanceof NoDecisionError && error.cause instanceof DocumentError && error.cause.isAbsent
        if (isAbsent || (error instanceof NoDecisionError && error.isSilence)) located.forget() // it may have moved
        throw error
      }
    },
  })
  return Object.freeze({
    permits: (question) => permitted(service, '', parseAuthzenQuestion(question)),
  } satisfies AuthzenService)
}

/** What {@link opa} takes. */
export interface OpaOptions extends HttpServiceOptions {}

/** An Open Policy Agent. */
export interface OpaService {
  /**
   * The rule at this path is `true` for this input. A rule that is undefined is a no.
   *
   * @param path - `http/authz/allow` for `data.http.authz.allow`
   * @param input - what the rule sees as `input`; never the token
   * @throws ConfigurationError
   */
  permits(path: string, input: QuestionValue): Expression
}

/**
 * An Open Policy Agent, by its data API (`POST /v1/data/<path>`). One for the life of an application, as with {@link authzen}.
 *
 * @example
 * ```ts
 * const rules = opa({ url: 'http://127.0.0.1:8181' })
 * const editDoc = allOf(scope('docs:write'), rules.permits('docs/edit/allow', { user: claim('sub'), doc: param('docId') }))
 * ```
 * @throws ConfigurationError
 * @see https://www.openpolicyagent.org/docs/rest-api#data-api
 */
export function opa(options: OpaOptions): OpaService {
  const settings = judgeHttpServiceOptions(options, 'opa()')
  const base = settings.url.href.replace(/\/$/, '')
  const service = new DecidingService({
    ...settings,
    decide: ({ path, value }, signal) =>
      askByHttp(
        settings,
        {
          endpoint: () => new URL(`${base}/v1/data/${path}`),
          body: JSON.stringify({ input: value }),
          read: readOpaAnswer,
        },
        signal,
      ),
  })
  return Object.freeze({
    permits: (path, input) => permitted(service, parseRulePath(path), parseQuestion(input, 'the input of permits()')),
  } satisfies OpaService)
}

/**
 * Decides in place of a policy. Answers exactly `true` to let pass and exactly `false` not to; what it throws, and anything else, is
 * no decision. Its signal is aborted when nobody waits any more.
 */
export type PolicyServiceFunction = (question: JsonValue, signal: AbortSignal) => boolean | Promise<boolean>

/** A policy service of the application's own. */
export interface OwnPolicyService {
  /** It answers `true` to this question. @throws ConfigurationError */
  permits(question: QuestionValue): Expression
}

/**
 * A policy service of your own: a function that asks a database or another service, with the same bounds as the others.
 *
 * @param name - for explanations and events
 * @example
 * ```ts
 * const shares = policyService('shares', async (question, signal) => isShared(question, signal))
 * const readDoc = allOf(scope('docs:read'), shares.permits({ user: claim('sub'), doc: param('docId') }))
 * ```
 * @throws ConfigurationError
 */
export function policyService(
  name: string,
  decide: PolicyServiceFunction,
  options: PolicyServiceOptions = {},
): OwnPolicyService {
  requirePolicyName(name, 'policyService()')
  if (typeof decide !== 'function')
    throw new ConfigurationError(`policyService('${name}') takes a function that decides`)
  const service = new DecidingService({
    ...judgeServiceOptions(options, `policyService('${name}')`),
    name,
    async decide({ value }, signal) {
      const answer: unknown = await decide(value, signal)
      if (typeof answer === 'boolean') return answer
      throw new NoDecisionError('it answered neither true nor false')
    },
  })
  return Object.freeze({
    permits: (question) => permitted(service, '', parseQuestion(question, 'the question of permits()')),
  } satisfies OwnPolicyService)
}

function permitted(by: DecidingService, path: string, question: QuestionNode): Expression {
  return make({ kind: 'permitted', by, path, question })
}
