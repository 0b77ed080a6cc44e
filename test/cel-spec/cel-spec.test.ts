// The conformance tests of the CEL specification, as far as they need nothing but an expression. Ours is a profile: it may
// refuse to load one, but never comes to another verdict.
import { tests } from '@bufbuild/cel-spec/testdata/conformance.js'
import { describe, expect, it } from 'vitest'
import { verdictOf } from './verdict.js'

type Suite = typeof tests

/** A test of the specification, and what has to come of it. */
interface Case {
  readonly title: string
  readonly text: string
  readonly wanted: 'true' | 'undetermined' | 'false'
}

/** A test as it is published. */
interface Original {
  readonly name: string
  readonly expr: string
  readonly value?: Value
  readonly evalError?: unknown
  readonly bindings?: unknown
  readonly typedResult?: { readonly result?: Value }
  readonly checkOnly?: boolean
}

interface Value {
  readonly boolValue?: boolean
  readonly int64Value?: string
  readonly uint64Value?: string
  readonly doubleValue?: number | string
  readonly stringValue?: string
  readonly listValue?: { readonly values?: readonly Value[] }
}

function casesOf(suite: Suite, path: string): readonly Case[] {
  const own = (suite.tests ?? []).flatMap(({ original }) => caseOf(original as unknown as Original, path))
  return [...own, ...(suite.suites ?? []).flatMap((part) => casesOf(part, `${path}/${part.name}`))]
}

function caseOf({ expr, name, bindings, checkOnly, ...original }: Original, path: string): readonly Case[] {
  if (bindings !== undefined || checkOnly === true) return []
  const title = `${path} ${name}: ${expr}`
  if (original.evalError !== undefined) return [{ title, text: expr, wanted: 'undetermined' }]
  const value = original.typedResult?.result ?? original.value ?? { boolValue: true } // where nothing is said, true is meant
  if (value.boolValue !== undefined) return [{ title, text: expr, wanted: value.boolValue ? 'true' : 'false' }]
  const literal = toLiteral(value)
  return literal === undefined ? [] : [{ title, text: `(${expr}) == ${literal}`, wanted: 'true' }]
}

/** A value as CEL writes it; `undefined` for what has no place in a policy. */
function toLiteral(value: Value): string | undefined {
  const { boolValue, int64Value, uint64Value, doubleValue, stringValue, listValue } = value
  if (boolValue !== undefined) return String(boolValue)
  if (int64Value !== undefined) return int64Value
  if (uint64Value !== undefined) return `${uint64Value}u`
  if (typeof doubleValue === 'number')
    return Number.isInteger(doubleValue) ? doubleValue.toExponential() : `${doubleValue}`
  if (stringValue !== undefined) return JSON.stringify(stringValue)
  const items = listValue === undefined ? [undefined] : (listValue.values ?? []).map(toLiteral)
  return items.includes(undefined) ? undefined : `[${items.join(', ')}]`
}

const files = (tests.suites ?? []).map((file) => ({ name: file.name, cases: casesOf(file, file.name) }))

/** How many of a file come to a verdict; the others are refused at load. Of files that are not named, none does. */
const least = new Map(
  Object.entries({
    basic: 29,
    comparisons: 237,
    fp_math: 27,
    integer_math: 64,
    lists: 18,
    logic: 30,
    parse: 86,
    plumbing: 3,
    string: 23,
    type_deductions: 7,
  }),
)

describe('the CEL specification', () => {
  it.each(files)('$name: no other verdict than that of the specification', ({ cases }) => {
    const others = cases
      .map((one) => ({ ...one, got: verdictOf(one.text) }))
      .filter(({ got, wanted }) => got !== wanted)
    expect(others.filter(({ got }) => got !== 'refused')).toEqual([])
  })

  it.each(files)('$name: no fewer verdicts than there were', ({ name, cases }) => {
    const passed = cases.filter(({ text, wanted }) => verdictOf(text) === wanted)
    expect(passed.length).toBeGreaterThanOrEqual(least.get(name) ?? 0)
  })

  it('logic: all of it, and nothing refused', () => {
    const { cases } = files.find(({ name }) => name === 'logic') as (typeof files)[number]
    expect(cases.length).toBe(30)
    expect(cases.filter(({ text, wanted }) => verdictOf(text) !== wanted)).toEqual([])
  })
})
