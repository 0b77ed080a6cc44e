// Documentation that names a file that is gone, or shows code that does not compile, is worse than none.
import { existsSync, readdirSync, statSync } from 'node:fs'
import { dirname, join, posix } from 'node:path'
import { describe, expect, it } from 'vitest'
import { anchorsOf, type Fence, fencesOf, linksOf, pages, pathsNamedIn, root, textOf } from './markdown.js'
import { compile, type Example } from './typescript.js'

/** Where a name without a folder before it may be looked for. */
const homes = [
  '',
  'packages/client/src',
  'packages/client/src/connections',
  'packages/client/src/credentials',
  'packages/client/src/tokens',
  'packages/core/src',
  'packages/core/src/keys',
  'packages/core/src/policy',
  'packages/express/src',
  'packages/fastify/src',
  'packages/mcp/src',
  'packages/nestjs/src',
  'packages/redis/src',
  'packages/redis/src/revocation',
  'packages/redis/src/sealing',
]

describe.each(pages)('%s', (page) => {
  it('names only files and folders that exist', () => {
    const missing = pathsNamedIn(page).filter((name) => !homes.some((home) => existsSync(join(root, home, name))))
    expect(missing).toEqual([])
  })

  it('links only to pages and headings that exist', () => {
    const broken = linksOf(page).filter((link) => {
      const [path = '', anchor] = link.split('#')
      const target = path === '' ? page : posix.join(dirname(page), path)
      if (!existsSync(join(root, target))) return true
      return anchor !== undefined && !(statSync(join(root, target)).isFile() && anchorsOf(target).includes(anchor))
    })
    expect(broken).toEqual([])
  })
})

describe('the drawing of the floors in ARCHITECTURE.md', () => {
  it('has every file of the core, and no other', () => {
    const drawing = fencesOf('ARCHITECTURE.md')[0]?.code ?? ''
    const drawn = [...drawing.matchAll(/[\w-]+\.ts/g)].map(([name]) => name)
    const sources = readdirSync(join(root, 'packages/core/src'), { recursive: true, encoding: 'utf8' })
      .filter((path) => path.endsWith('.ts') && !path.endsWith('.test.ts') && !path.startsWith('testing/'))
      .map((path) => posix.basename(path))
    expect(drawn.toSorted()).toEqual(sources.toSorted())
  })
})

/** Every block of TypeScript or JavaScript that is not marked as a fragment. */
const examples = pages.flatMap((page) =>
  fencesOf(page)
    .filter(({ language, mark }) => ['ts', 'js'].includes(language) && mark !== 'fragment')
    .map((fence) => exampleOf(page, fence)),
)

function exampleOf(page: string, { language, code, line }: Fence): Example {
  const extension = /\brequire\(/.test(code) ? 'cjs' : language
  return { fileName: `${page.slice(0, -'.md'.length)}-line-${line}.${extension}`, code }
}

describe('the examples', { timeout: 60_000 }, () => {
  // What an application declares about itself holds for all of its program: such an example has one of its own.
  // The MCP SDK declares `req.auth` for the whole of it, too.
  const declares = ({ code }: Example): boolean =>
    code.includes('declare module') || code.includes("from '@sallyport/mcp'")

  it('compile', () => {
    expect(compile(examples.filter((example) => !declares(example)))).toEqual([])
  })

  it.each(examples.filter(declares))('compile: $fileName', (example) => {
    expect(compile([example])).toEqual([])
  })

  it('are held to the types', () => {
    const code = "import { auth } from '@sallyport/express'\nauth({ issuer: 'https://idp.example.com' })\n"
    expect(compile([{ fileName: 'wrong.ts', code }])).not.toEqual([])
  })
})

describe('the ten lines', () => {
  it('are the same on both pages', () => {
    const [first, second] = ['README.md', 'packages/express/README.md'].map((page) => fencesOf(page)[1]?.code)
    expect(first).toContain('app.use(auth({')
    expect(second).toBe(first)
    expect(textOf('README.md').indexOf(first ?? '')).toBeLessThan(2_500)
  })
})
