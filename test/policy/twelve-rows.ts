// What the tables of the twelve policies are made of: a good token and request for each, written down by hand, and what comes
// of spoiling one thing of it.
import type { PolicyFactsInput, PolicyTrace } from '@sallyport/core'

type Claims = Readonly<Record<string, unknown>>
type Request = Partial<Pick<PolicyFactsInput, 'now' | 'params' | 'ip' | 'binding'>>

/** One thing that is otherwise, and the verdict on it. `undefined` takes a thing away. */
export type Row = readonly [name: string, verdict: PolicyTrace['outcome'], claims?: Claims, request?: Request]

/** The rows of one policy. */
export interface Table {
  /** A name of the twelve. */
  readonly policy: string
  /** Whether this is the one of an application with wildcards. */
  readonly wildcard?: true
  readonly claims: Claims
  readonly request?: Request
  readonly rows: readonly Row[]
}

/** A Tuesday, ten in the morning in Zurich. */
export const now: number = seconds('2026-11-24T09:00:00Z')

export function seconds(date: string): number {
  return Date.parse(date) / 1_000
}

/** A list of so many names, of which the last is this one. */
export function listOf(length: number, last: string): readonly string[] {
  return [...Array.from({ length: length - 1 }, (_, index) => `r${index}`), last]
}
