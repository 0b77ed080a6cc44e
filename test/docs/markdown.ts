// The documentation, and what it says: its links, its code, its tables.
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

export const root: string = fileURLToPath(new URL('../..', import.meta.url))

/** Pages that say what is in the repository, by their path in it. */
export const pages: readonly string[] = [
  'README.md',
  'ARCHITECTURE.md',
  ...readdirSync(join(root, 'docs'), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.md'))
    .map((name) => join('docs', name)),
  ...readdirSync(join(root, 'packages'))
    .filter((name) => existsSync(join(root, 'packages', name, 'package.json')))
    .map((name) => join('packages', name, 'README.md')),
]

export function textOf(page: string): string {
  return readFileSync(join(root, page), 'utf8')
}

/** A fenced block. The mark is the word after the language. */
export interface Fence {
  readonly language: string
  readonly mark: string
  readonly code: string
  /** Line of the page, to find it by. */
  readonly line: number
}

const fence = /^```(\w*) ?(.*)\n([\s\S]*?)^```$/gm

export function fencesOf(page: string): readonly Fence[] {
  const text = textOf(page)
  return [...text.matchAll(fence)].map(({ 1: language = '', 2: mark = '', 3: code = '', index }) => ({
    language,
    mark,
    code,
    line: text.slice(0, index).split('\n').length,
  }))
}

function proseOf(page: string): string {
  return textOf(page).replaceAll(fence, '')
}

/** Targets of the links that stay in the repository. */
export function linksOf(page: string): readonly string[] {
  const targets = [...proseOf(page).matchAll(/\]\(([^)\s]+)\)/g)].map(([, target = '']) => target)
  return targets.filter((target) => !/^https?:/.test(target))
}

/** Names of files and folders, set as code in the prose. */
export function pathsNamedIn(page: string): readonly string[] {
  const names = [...proseOf(page).matchAll(/`([^`\n]+)`/g)].map(([, name = '']) => name)
  return names.filter(
    (name) =>
      /^\.?[\w.-]+(\/[\w.-]+)*\.(ts|js|cjs|mjs|json|md)$/.test(name) ||
      /^(packages|examples|test|docs|bench|scripts)\/[\w./-]+$/.test(name) ||
      /^[a-z]+\/$/.test(name),
  )
}

/** Anchors of the headings, as GitHub makes them. */
export function anchorsOf(page: string): readonly string[] {
  const headings = [...proseOf(page).matchAll(/^#+ (.+)$/gm)].map(([, heading = '']) => heading)
  return headings.map((heading) =>
    heading
      .toLowerCase()
      .replace(/[^\p{L}\p{N} _-]/gu, '')
      .replaceAll(' ', '-'),
  )
}

/** The tables whose first column has this title: the cells of their rows. */
export function tablesOf(page: string, firstColumn: string): readonly (readonly (readonly string[])[])[] {
  const tables = proseOf(page).match(/(?:^\|.*\n)+/gm) ?? []
  return tables
    .map((table) => table.trimEnd().split('\n').map(cellsOf))
    .filter(([head]) => head?.[0] === firstColumn)
    .map(([, , ...rows]) => rows)
}

function cellsOf(row: string): readonly string[] {
  return row
    .slice(1, -1)
    .split('|')
    .map((cell) => cell.trim())
}

/** What is set as code in a cell. */
export function codeIn(cell: string | undefined): readonly string[] {
  return [...(cell ?? '').matchAll(/`([^`]+)`/g)].map(([, code = '']) => code)
}
