// A request out of single facts.
import type { PolicyFactsInput } from '../evaluate.js'
import { Ago, type Place } from './mentions.js'
import { anyMoment } from './moments.js'

/** A fact of a request; `undefined` where it lacks. */
export interface Value {
  readonly at: Place
  readonly value: unknown
}

/** The request of which some facts are known. What leads through something else is not there. */
export function requestOf(values: readonly Value[]): PolicyFactsInput {
  const now = (values.find(({ at }) => at.in === 'now')?.value ?? anyMoment) as number
  const claims: Record<string, unknown> = {}
  const params: Record<string, unknown> = {}
  const headers: Record<string, unknown> = {}
  const others: Record<string, unknown> = {}
  for (const { at, value } of values) {
    if (value === undefined) continue
    if ('path' in at) setAt(claims, at.path, value instanceof Ago ? now - value.seconds : value)
    else if (at.in === 'params') params[at.name] = value
    else if (at.in === 'headers') headers[at.name] = value
    else others[at.in] = value
  }
  return { claims, params, headers, ...others, now }
}

/** INVARIANT: what stands further out was set before. */
function setAt(claims: Record<string, unknown>, path: readonly string[], value: unknown): void {
  let within = claims
  for (const name of path.slice(0, -1)) {
    const next = Object.hasOwn(within, name) ? within[name] : {}
    if (typeof next !== 'object' || next === null || Array.isArray(next)) return
    within[name] = { ...next }
    within = within[name] as Record<string, unknown>
  }
  within[path.at(-1) as string] = value
}
