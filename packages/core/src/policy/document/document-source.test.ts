import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { ConfigurationError } from '../../errors.js'
import { greatestBytes, plainValue, readDocumentSource } from './document-source.js'

function read(text: string): unknown {
  return plainValue(readDocumentSource(text, 'p.yaml').root)
}

function refusal(text: string): string {
  try {
    read(text)
  } catch (error) {
    if (error instanceof ConfigurationError) return error.message
    throw error
  }
  return 'taken'
}

describe('readDocumentSource', () => {
  it('reads the core schema of YAML 1.2, and nothing of YAML 1.1', () => {
    expect(read('[08:00, no, on, 0o17, 0x1F, 1e3, .5, 2024-01-01, ~, null, True, "1", 1_000]')).toEqual(
      ['08:00', 'no', 'on', 15, 31, 1000, 0.5, '2024-01-01', null, null, true, '1', '1_000'], //
    )
  })

  it('reads JSON', () => {
    const value = { a: [1, -2.5e3, true, false, null, 'ü\n"\\/\u0001😀', {}, []], 'b c': { 'x:y': '' } }
    expect(read(JSON.stringify(value))).toEqual(value)
    expect(read(JSON.stringify(value, null, '\t'))).toEqual(value)
    expect(read('{"a":"\\ud83d\\ude00\\/"}')).toEqual({ a: '😀/' })
  })

  it('reads comments, block texts, and one document between its marks', () => {
    expect(read('---\na: |\n  b\n  &c *d !e\n# f\n...\n')).toEqual({ a: 'b\n&c *d !e\n' })
  })

  it('reads a text whose first line would be something else', () => {
    expect(read('--- |\n&b\n')).toBe('&b\n')
    expect(read('--- |\n!b\n')).toBe('!b\n')
  })

  it('reads a byte order mark and the line ends of Windows, and counts columns without them', () => {
    expect(read('\ufeffa: 1\r\nb: 2\r\n')).toEqual({ a: 1, b: 2 })
    expect(refusal('\ufeffa: 1\r\na: 2')).toBe('p.yaml:2:1: the key `a` occurs twice')
    expect(refusal('\ufeff1: 1')).toBe('p.yaml:1:1: keys are strings: put 1 in quotes')
  })

  it.each<[string, string, string]>([
    ['a key twice', 'a: 1\nb: 2\na: 3\n', '3:1: the key `a` occurs twice'],
    ['a key twice in JSON', '{"a":1,\n "a":2}', '2:2: the key `a` occurs twice'],
    ['a key that is written in two ways', '{"a": 1, a: 2}', '1:10: the key `a` occurs twice'],
    ['an anchor', 'a: &b 1', '1:4: anchors are not for policies'],
    ['an alias', 'a: *b', '1:4: aliases are not for policies'],
    ['a merge key', 'a: 1\n<<: { b: 1 }', '2:1: merge keys are not for policies'],
    ['a tag', 'a: !!str 1', '1:4: tags are not for policies'],
    ['a tag of our own', 'a: !secret b', '1:4: tags are not for policies'],
    ['a directive', '%YAML 1.1\n---\na: no', '1:1: directives are not for policies'],
    ['two documents with an end between', 'a: 1\n...\nb: 2', '3:1: one file is one document'],
    ['an empty document before another', '---\n---\na: 1', '2:1: one file is one document'],
    ['two documents', 'a: 1\n---\na: 2', '2:1: one file is one document'],
    ['a number for a key', 'a: 1\n404: 2', '2:1: keys are strings: put 404 in quotes'],
    ['a boolean for a key', 'true: 2', '1:1: keys are strings: put true in quotes'],
    ['null for a key', '? \n: 2', 'keys are strings'],
    ['a list for a key', '[a]: 2', '1:1: keys are strings'],
    ['a mapping for a key', '? { a: 1 }\n: 2', '1:3: keys are strings'],
    ['__proto__', '{ "__proto__": { a: 1 } }', '1:3: `__proto__` is no key'],
    ['infinity', 'a: .inf', '1:4: .inf is no finite number'],
    ['no number', 'a: .nan', '1:4: .nan is no finite number'],
    ['a number that is too great', 'a: 1e999', '1:4: 1e999 is no finite number'],
    [
      'an integer that cannot be held',
      'a: 9007199254740993',
      '1:4: 9007199254740993 is a number that JavaScript cannot',
    ],
    ['a hexadecimal that cannot be held', 'a: 0x20000000000001', '1:4: 0x20000000000001 is a number that'],
    ['half a character', 'a: "\\ud800"', '1:4: half a character'],
    ['half a character in a key', '"\\ud800": a', '1:1: "\\ud800" is no key'],
    ['a list that does not end', 'a: [1, 2', 'flow sequence'],
    ['a tab for indentation', 'a:\n\tb: 1', '2:1: tabs are not allowed as indentation'],
    ['an escape that is none', 'a: "\\q"', '1:5: invalid escape sequence'],
  ])('refuses %s', (_, text, says) => {
    expect(refusal(text)).toContain(`p.yaml:${/^\d/.test(says) ? says : ''}`)
    expect(refusal(text)).toContain(says)
  })

  it.each<[string, string]>([
    ['the greatest integer', 'a: 9007199254740991'],
    ['a greater one that is held exactly', 'a: 100000000000000000000'],
    ['a number with an exponent', 'a: 1e20'],
    ['a merge key in quotes, which is a name', '"<<": 1'],
    ['a text that looks like a tag, in quotes', 'a: "!secret"'],
    ['& and * inside a text', 'a: b & c * d'],
  ])('takes %s', (_, text) => {
    expect(refusal(text)).toBe('taken')
  })

  it('tells all problems at once, ten at most, in the order of the text', () => {
    const found = refusal('a: .inf\n2: 1\na: 1\n').split('\n')
    expect(found.map((line) => line.slice(0, 11))).toEqual(['p.yaml:1:4:', 'p.yaml:2:1:', 'p.yaml:3:1:'])
    const many = refusal(Array.from({ length: 30 }, (_, index) => `${index}: 1\n`).join('')).split('\n')
    expect(many).toHaveLength(11)
    expect(many.at(-1)).toBe('and 20 more')
  })

  it.each<[string, (depth: number) => string]>([
    ['lists', (depth) => `${'['.repeat(depth)}1${']'.repeat(depth)}`],
    ['empty lists', (depth) => '['.repeat(depth) + ']'.repeat(depth)],
    ['lists of lines', (depth) => `${'- '.repeat(depth)}1`],
    ['mappings', (depth) => `${'{ a: '.repeat(depth)}1${' }'.repeat(depth)}`],
    ['mappings of lines', (depth) => Array.from({ length: depth }, (_, at) => `${' '.repeat(at)}a:`).join('\n')],
  ])('reads %s that are 48 deep, and no deeper', (_, nested) => {
    expect(refusal(nested(48))).toBe('taken')
    expect(refusal(nested(49))).toMatch(/^p\.yaml:\d+:\d+: lists and mappings stand in each other at most 48 deep/)
  })

  it('refuses lists that would exhaust the stack', () => {
    expect(refusal('['.repeat(60_000) + ']'.repeat(60_000))).toContain('at most 48 deep')
  })

  it('reads 256 KiB and no more, counted in UTF-8', () => {
    const text = 'ü'.repeat(greatestBytes / 2)
    expect(refusal(text)).toBe('taken')
    expect(refusal(`${text}.`)).toBe('p.yaml: a policy document has at most 256 KiB')
  })

  it.each<[string, string]>([
    ['lists that only begin', '['],
    ['mappings that only begin', '{'],
    ['keys of keys', 'a: '],
    ['lists in lists', '- '],
    ['questions', '? '],
    ['ends of nothing', ']'],
    ['commas', '[,'.padEnd(1_000, ',')],
    ['anchors', 'a: &a\n'],
    ['quotes', '"'],
    ['documents', '---\n'],
    ['line ends', '\n'],
  ])('is soon done with 256 KiB of %s', (_, part) => {
    expect(() => read(part.repeat(greatestBytes / part.length))).toThrow(ConfigurationError)
  })

  it('is soon done with a billion laughs', () => {
    const laughs = Array.from({ length: 9 }, (_, at) => `a${at + 1}: &a${at + 1} [${`*a${at},`.repeat(9)}]\n`)
    expect(refusal(`a0: &a0 lol\n${laughs.join('')}`)).toBe(
      'p.yaml:1:5: anchors are not for policies: write it out, or name a policy and `use` it',
    )
  })

  it('reads or refuses whatever it is given', () => {
    const scraps = [
      '[',
      ']',
      '{',
      '}',
      '- ',
      '? ',
      ': ',
      'a',
      'b:',
      '&a',
      '*a',
      '!t',
      ',',
      '"',
      "'",
      '\\',
      '\n',
      '\r',
      ' ',
    ]
    const marks = [
      '\t',
      '#',
      '---',
      '...',
      '%',
      '|',
      '>',
      '<<',
      '\ufeff',
      '\u0000',
      '\u0002',
      '\u001f',
      '~',
      '1',
      '\ud800',
    ]
    const text = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.array(fc.constantFrom(...scraps, ...marks), { maxLength: 40 }).map((parts) => parts.join('')),
    )
    fc.assert(
      fc.property(text, (any) => {
        expect(refusal(any)).toBeTypeOf('string')
      }),
      { numRuns: 2_000 },
    )
  })
})
