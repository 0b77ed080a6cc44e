// The loader and the published schema agree on what a document is.
import { readFileSync } from 'node:fs'
import { Ajv2020 } from 'ajv/dist/2020.js'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { parse } from 'yaml'
import { ConfigurationError } from '../../packages/core/src/errors.js'
import { formatPolicyDocument, parsePolicyDocument } from '../../packages/core/src/policy/document/policy-document.js'
import { arbitraryPolicies } from './arbitrary-policy.js'
import { badCases, goodCases, unseenCases } from './document-cases.js'

const schema = JSON.parse(
  readFileSync(new URL('../../packages/core/schema/policy.schema.json', import.meta.url), 'utf8'),
)
const isValid = new Ajv2020({ strict: true, strictRequired: false, strictTypes: false, allErrors: false }).compile(
  schema,
)

describe('the loader and the schema', () => {
  it.each(goodCases)('both take %s', (_, text) => {
    expect(parsePolicyDocument(text).policies).toHaveLength(1)
    expect(isValid(parse(text)), JSON.stringify(isValid.errors)).toBe(true)
  })

  it.each(badCases)('both refuse %s', (_, text, says) => {
    expect(refusal(text)).toContain(says)
    expect(isValid(parse(text))).toBe(false)
  })
})

describe('the schema and the loader', () => {
  it('agree on whatever is written as a document', () => {
    fc.assert(
      fc.property(arbitraryPolicies, (policies) => {
        const text = formatPolicyDocument(policies, { format: 'json' })
        expect(isValid(JSON.parse(text)), text).toBe(true)
      }),
    )
  })

  it('agree on documents in which one part was put in the place of another', () => {
    let taken = 0
    fc.assert(
      fc.property(
        fc.constantFrom(...goodCases),
        fc.constantFrom(...goodCases),
        fc.nat(),
        fc.nat(),
        (a, b, to, from) => {
          const document = parse(a[1])
          const slots = slotsOf(document)
          const values = slotsOf(parse(b[1]))
          const slot = slots[to % slots.length] as Slot
          const value = values[from % values.length] as Slot
          slot.inside[slot.key] = value.inside[value.key] as never
          if (refusal(JSON.stringify(document)) !== 'taken') return
          taken++
          expect(isValid(document), JSON.stringify(document)).toBe(true)
        },
      ),
      { numRuns: 3_000 },
    )
    expect(taken).toBeGreaterThan(100)
  })
})

describe('the loader', () => {
  it.each(unseenCases)('refuses what no schema can see: %s', (_, text, says) => {
    expect(refusal(text)).toContain(says)
    expect(isValid(parse(text)), JSON.stringify(isValid.errors)).toBe(true)
  })
})

describe('the schema', () => {
  it('explains every operator to an editor', () => {
    for (const { $ref } of schema.$defs.node.anyOf) {
      const definition = schema.$defs[$ref.replace('#/$defs/', '')]
      const operator = Object.keys(definition.properties)[0] as string
      expect(definition.description ?? definition.properties[operator].description, operator).toBeTypeOf('string')
    }
  })

  it('is closed: no mapping takes members that it does not name', () => {
    const open: unknown[] = []
    JSON.stringify(schema.$defs, (_, value) => {
      const isShape = value?.properties !== undefined && value.required !== undefined
      if (isShape && value.additionalProperties !== false) open.push(value)
      return value
    })
    expect(open).toEqual([])
  })
})

function refusal(text: string): string {
  try {
    parsePolicyDocument(text)
  } catch (error) {
    if (error instanceof ConfigurationError) return error.message
    throw error
  }
  return 'taken'
}

interface Slot {
  readonly inside: Record<string, unknown>
  readonly key: string
}

/** Every place of a value that holds another. */
function slotsOf(value: unknown): readonly Slot[] {
  if (typeof value !== 'object' || value === null) return []
  const inside = value as Record<string, unknown>
  return Object.keys(inside).flatMap((key) => [{ inside, key }, ...slotsOf(inside[key])])
}
