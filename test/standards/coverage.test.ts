// Every rule of the standards that this package has to keep is the subject of a test whose title begins with the number of the
// rule: in this folder, or beside the source.
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
  'R-TSL': 7,
  'R-MCP': 1,
  'R-9449': 20,
  'R-8705': 4,
  'R-9440': 1,
  'R-XFCC': 4,
  'R-SPID': 1,
  'R-JSVID': 2,
  'R-XSVID': 3,
  'R-9470': 3,
  'R-9728': 4,
  'R-8693': 3,
  'R-WIT': 1,
  'R-9396': 2,
  'R-AZN': 2,
  'R-OPA': 1,
}

/** Rules without a test, and why. */
const exceptions: Readonly<Record<string, string>> = {}

const rules = Object.entries(sections).flatMap(([section, count]) =>
  Array.from({ length: count }, (_, i) => `${section}-${i + 1}`),
)
const root = new URL('../../', import.meta.url)
const sources = ['packages', 'test']
  .flatMap((folder) =>
    readdirSync(new URL(folder, root), { recursive: true, encoding: 'utf8' }).map((name) => `${folder}/${name}`),
  )
  .filter((name) => name.endsWith('.test.ts') && !name.includes('node_modules') && !name.endsWith('coverage.test.ts'))
  .map((name) => readFileSync(new URL(name, root), 'utf8'))
  .join('\n')

/** The numbers that titles begin with: one, or several with commas between them. */
const tested = new Set(
  Array.from(sources.matchAll(/['"`]((?:R-[A-Z0-9]+-\d+(?:, )?)+)(?=[ :,'])/g), ([, list = '']) =>
    list.split(', ').filter((rule) => rule !== ''),
  ).flat(),
)

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
