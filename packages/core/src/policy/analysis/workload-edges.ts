// Workloads that tell patterns of SPIFFE IDs apart: one of every shape that some of them know and others do not.
import { parseSpiffePattern, type SpiffePattern } from '../spiffe-pattern.js'

/** IDs around some patterns. */
export interface WorkloadEdges {
  readonly ids: readonly string[]
  /** Whether there is no other that the patterns could tell from these. */
  readonly areAll: boolean
}

const greatestCount = 2_048

/**
 * Walks all patterns at once, segment by segment: on each level there is every segment that one of them names, and one that none
 * does. A way that no pattern follows is not walked on.
 */
export function workloadsAround(texts: readonly string[]): WorkloadEdges {
  const patterns = texts.flatMap((text) => parseSpiffePattern(text) ?? [])
  const ids: string[] = [`spiffe://${unheard(patterns.map(({ trustDomain }) => trustDomain))}/x`]
  for (const trustDomain of new Set(patterns.map((pattern) => pattern.trustDomain))) {
    const own = patterns.filter((pattern) => pattern.trustDomain === trustDomain).map(({ segments }) => segments)
    const depth = Math.max(...own.map((segments) => segments.length)) + 1
    walk(`spiffe://${trustDomain}`, own, 0, depth, ids)
  }
  return { ids: ids.slice(0, greatestCount), areAll: ids.length <= greatestCount }
}

function walk(
  prefix: string,
  patterns: readonly SpiffePattern['segments'][],
  level: number,
  depth: number,
  ids: string[],
): void {
  if (level > 0) ids.push(prefix)
  if (level === depth || patterns.length === 0 || ids.length > greatestCount) return
  const named = new Set(patterns.flatMap((segments) => segmentAt(segments, level) ?? []))
  named.delete('*')
  named.delete('**')
  for (const segment of [...named, unheard([...named])]) {
    const followed = patterns.filter((segments) => ['*', '**', segment].includes(segmentAt(segments, level) ?? ''))
    walk(`${prefix}/${segment}`, followed, level + 1, depth, ids)
  }
}

/** What a pattern asks of a level; beyond its end, only one that ends openly asks for something. */
function segmentAt(segments: readonly string[], level: number): string | undefined {
  return segments[level] ?? (segments.at(-1) === '**' ? '**' : undefined)
}

/** A name that is none of these. */
function unheard(names: readonly string[]): string {
  const longest = Math.max(0, ...names.map((name) => name.length))
  return names.includes('other') ? 'other'.padEnd(longest + 1, '-') : 'other'
}
