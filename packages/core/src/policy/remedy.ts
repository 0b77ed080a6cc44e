// What a client could get that would turn a no into a yes: more scopes (RFC 6750 §3.1), or a better authentication
// (RFC 9470). The cheapest way through the tree counts; who somebody is cannot be remedied.
import type { CompiledPolicy, PolicyFacts } from './compiled.js'
import type { Policy } from './policy.js'
import { unheard } from './services/unheard.js'
import { isFalse, isTrue, type Verdict } from './verdict.js'

/** What to ask the authorization server for. */
export interface Remedy {
  /** All scopes that a token needs here, held or not. */
  readonly scopes: readonly string[]
  /** Whether some of them are lacking. */
  readonly lacksScope: boolean
  /** Whether the user must authenticate better, or again. */
  readonly stepUp: boolean
  /** Authentication context classes, any of which will do, in the order of preference. */
  readonly acrValues: readonly string[] | undefined
  readonly maxAgeSeconds: number | undefined
}

interface PricedRemedy extends Remedy {
  readonly price: number
}

type Found = PricedRemedy | undefined

const nothing: PricedRemedy = {
  price: 0,
  scopes: [],
  lacksScope: false,
  stepUp: false,
  acrValues: undefined,
  maxAgeSeconds: undefined,
}
const scopePrice = 1
const stepUpPrice = 10 // the user has to do something

/** What would make a policy true; `undefined` where nothing would. */
export function remedyFor(policy: CompiledPolicy, facts: PolicyFacts): Remedy | undefined {
  return towards(isTrue, policy, facts)
}

function towards(wanted: Verdict, compiled: CompiledPolicy, facts: PolicyFacts): Found {
  const { node, parts } = compiled
  switch (node.kind) {
    case 'allOf':
      return wanted === isTrue ? allTowards(wanted, parts, facts) : cheapestTowards(wanted, parts, facts)
    case 'anyOf':
      return wanted === isTrue ? cheapestTowards(wanted, parts, facts) : allTowards(wanted, parts, facts)
    case 'atLeast': {
      const count = wanted === isTrue ? node.count : parts.length - node.count + 1
      return someTowards(count, wanted, parts, facts)
    }
    case 'not': {
      const part = parts[0] as CompiledPolicy
      return towards(wanted === isTrue ? isFalse : isTrue, part, unheard(part, facts))
    }
    case 'cel':
      return towards(wanted, parts[0] as CompiledPolicy, facts)
    case 'policy': {
      if (wanted === isFalse) return compiled.check(facts) === isFalse ? nothing : undefined
      const [allow, ...forbid] = parts as [CompiledPolicy, ...CompiledPolicy[]]
      const denied = forbid.map((part) => towards(isFalse, part, unheard(part, facts)))
      return denied.reduce<Found>(both, towards(isTrue, allow, facts))
    }
    case 'use': {
      const named = facts.policies?.get(node.name)
      return named && towards(wanted, named, facts)
    }
    default:
      return ofLeaf(wanted, compiled, facts)
  }
}

function ofLeaf(wanted: Verdict, { node, check }: CompiledPolicy, facts: PolicyFacts): Found {
  const holds = check(facts) === wanted
  if (wanted === isFalse) return holds ? nothing : undefined // nobody asks for less
  const known = remedies.get(node) ?? remediesOf(node)
  return holds ? known.held : known.lacking
}

/** What a leaf adds to a challenge: while it holds, so that it goes on to hold, and while it does not. */
interface LeafRemedies {
  readonly held: PricedRemedy
  readonly lacking: Found
}

const remedies = new WeakMap<Policy, LeafRemedies>()

function remediesOf(node: Policy): LeafRemedies {
  const fresh = makeRemedies(node)
  remedies.set(node, fresh)
  return fresh
}

function makeRemedies(node: Policy): LeafRemedies {
  switch (node.kind) {
    case 'scope': {
      const held = { ...nothing, scopes: node.scopes }
      return { held, lacking: { ...held, price: scopePrice, lacksScope: true } }
    }
    case 'anyScope':
      return {
        held: nothing,
        lacking: { ...nothing, scopes: node.scopes.slice(0, 1), price: scopePrice, lacksScope: true },
      }
    case 'authenticatedWithin': {
      const held = { ...nothing, maxAgeSeconds: node.seconds }
      return { held, lacking: { ...held, price: stepUpPrice, stepUp: true } }
    }
    case 'acrAtLeast': {
      const held = { ...nothing, acrValues: node.levels.slice(node.levels.indexOf(node.level)) }
      return { held, lacking: { ...held, price: stepUpPrice, stepUp: true } }
    }
    case 'amr':
      return { held: nothing, lacking: { ...nothing, price: stepUpPrice, stepUp: true } }
    default:
      return { held: nothing, lacking: undefined }
  }
}

/** All of them at once, if they can be had at once. */
function allTowards(wanted: Verdict, parts: readonly CompiledPolicy[], facts: PolicyFacts): Found {
  let sum: Found = nothing
  for (const part of parts) {
    sum = both(sum, towards(wanted, part, facts))
    if (sum === undefined) return undefined
  }
  return sum
}

/** The cheapest of them; of equal ones, that which is written first. */
function cheapestTowards(wanted: Verdict, parts: readonly CompiledPolicy[], facts: PolicyFacts): Found {
  let best: Found
  for (const part of parts) {
    const each = towards(wanted, part, facts)
    if (each !== undefined && (best === undefined || each.price < best.price)) best = each
  }
  return best
}

/** So many of them, as cheap as can be. */
function someTowards(count: number, wanted: Verdict, parts: readonly CompiledPolicy[], facts: PolicyFacts): Found {
  const found = parts.map((part) => towards(wanted, part, facts)).filter((each) => each !== undefined)
  const chosen = found.toSorted((a, b) => a.price - b.price).slice(0, count)
  return chosen.length < count ? undefined : chosen.reduce<Found>(both, nothing)
}

function both(a: Found, b: Found): Found {
  if (a === undefined || b === undefined) return undefined
  if (a === nothing || b === nothing) return a === nothing ? b : a
  const acrValues = inBoth(a.acrValues, b.acrValues)
  if (acrValues?.length === 0) return undefined
  return {
    price: a.price + b.price,
    scopes: b.scopes.length === 0 ? a.scopes : [...new Set([...a.scopes, ...b.scopes])],
    lacksScope: a.lacksScope || b.lacksScope,
    stepUp: a.stepUp || b.stepUp,
    acrValues,
    maxAgeSeconds: leastOf(a.maxAgeSeconds, b.maxAgeSeconds),
  }
}

function inBoth(a: readonly string[] | undefined, b: readonly string[] | undefined): readonly string[] | undefined {
  return a === undefined || b === undefined ? (a ?? b) : a.filter((value) => b.includes(value))
}

function leastOf(a: number | undefined, b: number | undefined): number | undefined {
  return a === undefined || b === undefined ? (a ?? b) : Math.min(a, b)
}
