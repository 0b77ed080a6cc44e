// SPIFFE IDs that a policy asks for: to the letter, but for segments of the path that may be any. A trust domain is always written out:
// who vouches for whom is no matter of patterns.
import { parseSpiffeId } from '../jose/spiffe-id.js'
import type { Meaning } from './compiled.js'
import { isFalse, isTrue, isUndetermined } from './verdict.js'

/** A pattern, taken apart. A segment is `*` for any one; the last one `**` for any more. */
export interface SpiffePattern {
  readonly trustDomain: string
  readonly segments: readonly string[]
}

/** Takes a pattern apart: `spiffe://prod.example/ns/*\/sa/orders`. `undefined` where it is none. */
export function parseSpiffePattern(text: string): SpiffePattern | undefined {
  const [, trustDomain = '', path = ''] = /^spiffe:\/\/([^/]+)\/(.+)$/s.exec(text) ?? []
  const segments = path.split('/')
  const filled = segments.map((segment, index) =>
    segment === '*' || (segment === '**' && index === segments.length - 1) ? 'any' : segment,
  )
  const isSpelled = parseSpiffeId(`spiffe://${trustDomain}/${filled.join('/')}`) !== undefined
  return isSpelled ? { trustDomain, segments } : undefined
}

/** What the word `spiffe` means. INVARIANT: the patterns are ones that {@link parseSpiffePattern} takes. */
export function compileSpiffe(patterns: readonly string[]): Meaning {
  const known = patterns.flatMap((pattern) => parseSpiffePattern(pattern) ?? [])
  return {
    check({ request: { workload }, now }) {
      // INVARIANT: what was proven when a connection began is asked about long after.
      if (workload === undefined || !(now <= workload.expiresAt)) return isUndetermined
      const id = parseSpiffeId(workload.spiffeId)
      if (id === undefined) return isUndetermined
      const segments = id.path.split('/').slice(1)
      return known.some((pattern) => pattern.trustDomain === id.trustDomain && covers(pattern.segments, segments))
        ? isTrue
        : isFalse
    },
    changesAt: ({ request: { workload } }) => workload?.expiresAt ?? Number.POSITIVE_INFINITY,
    why: ({ request: { workload } }) =>
      workload === undefined ? 'no workload has proven who it is' : 'the proof of the workload has expired',
  }
}

function covers(wanted: readonly string[], segments: readonly string[]): boolean {
  const isOpen = wanted.at(-1) === '**'
  if (isOpen ? segments.length < wanted.length : segments.length !== wanted.length) return false
  return wanted.every((segment, index) => segment === '*' || segment === '**' || segment === segments[index])
}
