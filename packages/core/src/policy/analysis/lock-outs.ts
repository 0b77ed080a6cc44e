// A forbid that is undetermined denies: one that reads a claim which may be missing locks out whoever has no such claim.

import type { ClaimPath } from '../../claims/claim-path.js'
import { compilePolicy } from '../compile.js'
import type { CompiledPolicies } from '../compiled.js'
import { policyFacts } from '../evaluate.js'
import type { Expression } from '../policy.js'
import { isFalse, isUndetermined } from '../verdict.js'
import { leavesOf, mentionsOf } from './mentions.js'
import { worldsOf } from './worlds.js'

/** A claim without which a forbid denies whom it would let pass, if there is one. */
export function lockOutOf(forbid: Expression, named: CompiledPolicies): ClaimPath | undefined {
  const said = [...mentionsOf(leavesOf(forbid, named)).values()].flat()
  const paths = said.flatMap(({ at }) => ('path' in at && at.path[0] !== 'iss' ? [at.path] : [])) // every token has an `iss`
  const { all, judge } = worldsOf([{ policy: forbid, named }])
  const harmless = judge({ policy: forbid, named })
  const { check } = compilePolicy(forbid)
  const requests = all
    .filter((world) => harmless(world) === isFalse)
    .map((world) => ({ ...world.request(), answers: world.answers }))
  return paths.find((path) =>
    requests.some(({ claims, answers, ...rest }) => {
      const lacking = without(claims, path)
      return (
        lacking !== undefined &&
        check({ ...policyFacts({ ...rest, claims: lacking, policies: named }), answers }) === isUndetermined
      )
    }),
  )
}

/** Claims without the one at a path; `undefined` where it lacks anyway. */
function without(
  claims: Readonly<Record<string, unknown>>,
  [name, ...deeper]: readonly string[],
): Record<string, unknown> | undefined {
  if (name === undefined || !Object.hasOwn(claims, name)) return undefined
  const { [name]: value, ...rest } = claims
  if (deeper.length === 0) return rest
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined
  const lacking = without(value as Record<string, unknown>, deeper)
  return lacking === undefined ? undefined : { ...rest, [name]: lacking }
}
