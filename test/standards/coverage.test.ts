// Every rule of research/standards.md that this package has to keep is the subject of a test in this folder, whose title
// begins with the number of the rule.
import { readdirSync, readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'

/** Rules by section: as many as the last number says. */
const sections = {
  'R-FMT': 11,
  'R-ALG': 14,
  'R-HDR': 5,
  'R-KEY': 13,
  'R-CLM': 9,
  'R-9068': 7,
  'R-6750': 9,
  'R-9700': 3,
  'R-7662': 4,
  'R-9701': 2,
  'R-9457': 2,
  'R-SET': 1,
  'R-SSF': 1,
  'R-8935': 2,
  'R-CAEP': 2,
  'R-REV': 1,
}

/** Rules without a test, and why. */
const exceptions: Readonly<Record<string, string>> = {}

const rules = Object.entries(sections).flatMap(([section, count]) =>
  Array.from({ length: count }, (_, i) => `${section}-${i + 1}`),
)
const folder = new URL('.', import.meta.url)
const sources = readdirSync(folder)
  .filter((name) => name.endsWith('.test.ts') && name !== 'coverage.test.ts')
  .map((name) => readFileSync(new URL(name, folder), 'utf8'))
  .join('\n')

/** The numbers that titles begin with. */
const tested = new Set(Array.from(sources.matchAll(/['"`](R-[A-Z0-9]+-\d+) /g), ([, rule]) => rule))

describe('the rules of the standards', () => {
  it.each(rules.filter((rule) => !(rule in exceptions)))('%s has a test', (rule) => {
    expect(tested).toContain(rule)
  })

  it('have no exception that is none', () => {
    for (const rule of Object.keys(exceptions)) {
      expect(rules).toContain(rule)
      expect(tested).not.toContain(rule)
    }
  })

  it('are the only ones that titles name', () => {
    expect([...tested].filter((rule) => !rules.includes(rule as string))).toEqual([])
  })
})
