// A test in code. Whatever it does, it does not throw here.
import type { PolicyFacts } from './compiled.js'
import type { CustomFacts, CustomTest } from './policy.js'
import { type Check, isFalse, isTrue, isUndetermined } from './verdict.js'

export function compileCustom(test: CustomTest): Check<PolicyFacts> {
  return ({ token, request, now }) => {
    const { issuedClaims: claims, scopes, roles } = token
    const param: CustomFacts['param'] = (name) => {
      const value = Object.hasOwn(request.params, name) ? request.params[name] : undefined
      return typeof value === 'string' ? value : undefined
    }
    try {
      const answer: unknown = test({ claims, scopes, roles, method: request.method, param, now })
      if (typeof answer === 'object' && answer !== null) settle(answer)
      return answer === true ? isTrue : answer === false ? isFalse : isUndetermined
    } catch {
      return isUndetermined
    }
  }
}

/** A promise is no answer; nor may its rejection end the process. */
function settle(answer: object): void {
  Promise.resolve(answer).catch(() => undefined)
}
