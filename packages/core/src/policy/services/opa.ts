// The data API of Open Policy Agent: what is asked, and what counts as an answer. How it is sent is left to the floor above.
import { ConfigurationError } from '../../errors.js'
import { show } from '../comparison.js'
import { NoDecisionError } from './service-answer.js'

const greatestSegments = 16

/**
 * The path of a rule, as a URL has it: `http/authz/allow` is the rule `data.http.authz.allow`.
 *
 * @throws ConfigurationError
 */
export function parseRulePath(path: unknown): string {
  const segments = typeof path === 'string' && path.length <= 512 ? path.split('/') : []
  const isPath =
    segments.length <= greatestSegments && segments.every((segment) => /^(?!\.{1,2}$)[!-~]+$/.test(segment))
  if (segments.length > 0 && isPath && !/[?#%\\]/.test(path as string))
    return segments.map(encodeURIComponent).join('/')
  throw new ConfigurationError(
    `permits() of opa() takes the path of a rule, such as 'http/authz/allow', and ${show(path)} is none`,
  )
}

/**
 * What a rule has decided. An answer without `result` says that the rule is undefined for this input, which is a no.
 *
 * INVARIANT: yes is the boolean true.
 *
 * @throws NoDecisionError for a result that is no boolean: then the path names no rule that decides
 */
export function readOpaAnswer(answer: Readonly<Record<string, unknown>>): boolean {
  if (!Object.hasOwn(answer, 'result')) return false
  if (typeof answer['result'] === 'boolean') return answer['result']
  throw new NoDecisionError('its `result` is no boolean')
}
