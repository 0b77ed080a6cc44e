// Authorization details that some leaves tell apart: for each leaf an object that grants what it asks, and objects that
// leave it open, in all combinations. What one object grants beside what its leaf asks is nothing, so that two leaves can be
// told apart wherever they can be at all.
import { isReference, referencesIn, type Scalar } from '../policy.js'
import { combinationsOf } from './combinations.js'
import type { DetailsLeaf } from './mentions.js'

/** What the claim could be. */
export interface DetailCandidates {
  readonly values: readonly unknown[]
  /** Whether nothing else could be told from these. */
  readonly areComplete: boolean
}

const greatestNumber = 1_024
const wrongType = Object.freeze({})

/**
 * The values of `authorization_details`.
 *
 * @param values - what stands for what the leaves read from the request
 */
export function detailCandidates(leaves: readonly DetailsLeaf[], values: readonly unknown[]): DetailCandidates {
  if (leaves.length === 0) return { values: [], areComplete: true }
  const unheard = `no ${values.filter((value) => typeof value === 'string').join(' ')}`
  const choices = leaves.map((leaf) => {
    const peers = leaves.filter((peer) => peer !== leaf && peer.type === leaf.type)
    const scalars = referencesIn(leaf).length > 0 ? [...new Set(values)] : [undefined]
    const granting = scalars.map((scalar) => objectFor(leaf, peers, scalar, unheard))
    return [granting[0], undefined, ...granting.slice(1), ...granting.flatMap((each) => openOnes(each, leaf, peers))]
  })
  const { all, areComplete } = combinationsOf(choices, greatestNumber)
  return {
    values: all.map((objects) => objects.filter((object) => object !== undefined)),
    areComplete: areComplete && leaves.every((leaf) => isTried(leaf, leaves)),
  }
}

/**
 * One value stands for all that a leaf reads from the request, and has one type; and what is ours is not known to a small
 * model.
 */
function isTried(leaf: DetailsLeaf, leaves: readonly DetailsLeaf[]): boolean {
  const peers = leaves.filter((peer) => peer !== leaf && peer.type === leaf.type)
  const references = referencesIn(leaf)
  const isOneValue = new Set(references.map((reference) => JSON.stringify(reference))).size < 2
  const isText = references.every(({ from }) => from !== 'claim') // a claim may be a number as well
  const own = memberValues(leaf, '')
  const sameTypes = (peer: DetailsLeaf): boolean =>
    [...memberValues(peer, '')].every(([key, value]) => !own.has(key) || typeof own.get(key) === typeof value)
  const sameLocations = (peer: DetailsLeaf): boolean =>
    (peer.locations === undefined) === (leaf.locations === undefined)
  return isOneValue && (isText || peers.length === 0) && peers.every((peer) => sameTypes(peer) && sameLocations(peer))
}

type Detail = Readonly<Record<string, unknown>>

/** An object that leaves open what its leaf asks: by its locations, or by members that the same peers ask about. */
function openOnes(granting: Detail, leaf: DetailsLeaf, peers: readonly DetailsLeaf[]): readonly Detail[] {
  const groups = new Map<string, readonly string[]>([['locations', ['locations']]])
  for (const key of peers.length === 0 ? [] : keysOf(leaf)) {
    const sharedBy = peers.map((peer) => Number(keysOf(peer).includes(key))).join('')
    groups.set(sharedBy, [...(groups.get(sharedBy) ?? []), key])
  }
  return [...groups.values()].map((keys) => keys.reduce((sum, key) => withKey(sum, key, wrongType), granting))
}

/** A key is the path of a member, as JSON; or the name of a common one. */
function keysOf(leaf: DetailsLeaf): readonly string[] {
  return [...memberValues(leaf, undefined).keys()]
}

/** An object that grants what a leaf asks, and of what only its peers ask, nothing. */
function objectFor(leaf: DetailsLeaf, peers: readonly DetailsLeaf[], scalar: unknown, unheard: string): Detail {
  const own = memberValues(leaf, scalar)
  const others = peers.flatMap((peer) => [...memberValues(peer, unheard)]).filter(([key]) => !own.has(key))
  const object: Detail = { type: leaf.type, ...(leaf.locations !== undefined && { locations: leaf.locations }) }
  const denied = others.reduce((sum, [key, value]) => withKey(sum, key, otherThan(value, unheard)), object)
  return [...own].reduce((sum, [key, value]) => withKey(sum, key, value), denied)
}

function memberValues(leaf: DetailsLeaf, scalar: unknown): ReadonlyMap<string, unknown> {
  const { identifier, fields = [] } = leaf
  const lists = (['actions', 'datatypes', 'privileges'] as const).flatMap((name) =>
    leaf[name] === undefined ? [] : [[name, leaf[name]] as const],
  )
  const equal = [...(identifier === undefined ? [] : [{ path: ['identifier'], equals: identifier }]), ...fields]
  return new Map<string, unknown>([
    ...lists,
    ...equal.map(({ path, equals }) => [JSON.stringify(path), isReference(equals) ? scalar : equals] as const),
  ])
}

/** A value of the same type that equals none that is asked for. */
function otherThan(value: unknown, unheard: string): Scalar | readonly string[] {
  if (Array.isArray(value)) return []
  if (typeof value === 'number') return value === 0.5 ? 0.25 : 0.5
  return typeof value === 'boolean' ? !value : unheard
}

function withKey(object: Detail, key: string, value: unknown): Detail {
  const path: readonly string[] = key.startsWith('[') ? JSON.parse(key) : [key]
  return setAt(object, path, value)
}

function setAt(object: Detail, [name = '', ...deeper]: readonly string[], value: unknown): Detail {
  const inside = Object.hasOwn(object, name) ? object[name] : undefined
  const within = typeof inside === 'object' && inside !== null && !Array.isArray(inside) ? (inside as Detail) : {}
  return { ...object, [name]: deeper.length === 0 ? value : setAt(within, deeper, value) }
}
