// The tables of the documentation against the tables of the source: the same names, the same numbers.
import { describe, expect, it } from 'vitest'
import { tokenProfiles } from '../../packages/core/src/claims/token-profile.js'
import { describeCode, type ErrorCode, errorCodes, VerificationError } from '../../packages/core/src/errors.js'
import { bearerRules } from '../../packages/core/src/response/challenge.js'
import { toDenied } from '../../packages/core/src/response/denial.js'
import { codeIn, fencesOf, pages, tablesOf } from './markdown.js'
import { type Option, optionsOf } from './typescript.js'

const core = 'packages/core/src'
const optionTables: readonly (readonly Option[])[] = [
  [...optionsOf(`${core}/verifier-options.ts`, 'VerifierSettings'), { name: 'issuers', defaultValue: undefined }],
  [
    ...optionsOf(`${core}/issuer-record.ts`, 'TrustedIssuerOptions'),
    ...optionsOf(`${core}/issuer-keys.ts`, 'KeySourceOptions'),
  ],
  optionsOf(`${core}/keys/key-lifetimes.ts`, 'KeyLifetimeOptions'),
  optionsOf(`${core}/resource-metadata.ts`, 'ResourceOptions'),
  optionsOf(`${core}/jose/nested-jwe.ts`, 'DecryptionOptions'),
  optionsOf(`${core}/state/memory-state.ts`, 'MemoryStateOptions'),
  optionsOf(`${core}/revocation/subject-options.ts`, 'SubjectsOptions'),
  optionsOf(`${core}/attempts/attempt-limit.ts`, 'FailedAttemptsOptions'),
]

/** Where the default is one word: a number, a text, true or false. */
function shortDefault(text: string | undefined): string | undefined {
  return /^`?(\d+|'[^']+'|true|false)`?(?=$|[ ,;])/.exec(text ?? '')?.[1]
}

describe.each([
  { page: 'docs/options.md', tables: optionTables },
  { page: 'README.md', tables: optionTables.slice(0, 3) },
])('the options in $page', ({ page, tables }) => {
  const shown = tablesOf(page, 'option')

  it('are those of the types, each in its table', () => {
    const names = shown.map((rows) => rows.flatMap(([name]) => codeIn(name)).toSorted())
    expect(names).toEqual(tables.map((options) => options.map(({ name }) => name).toSorted()))
  })

  it('have the defaults that the types name', () => {
    // Two tables may have an option of one name.
    const rows = shown.flatMap((table, i) => table.map(([name, , text]) => [i, codeIn(name)[0], shortDefault(text)]))
    const options = tables
      .flatMap((table, i) => table.map(({ name, defaultValue }) => [i, name, shortDefault(defaultValue)]))
      .filter(([, , text]) => text !== undefined)
    expect(rows).toEqual(expect.arrayContaining(options))
    expect(options.length).toBeGreaterThan(8)
  })
})

describe('the options of the receivers in docs/revocation.md', () => {
  it('are those of the types, each in its table', () => {
    const names = tablesOf('docs/revocation.md', 'option').map((rows) => rows.flatMap(([name]) => codeIn(name)))
    const types = [
      optionsOf(`${core}/back-channel-logout.ts`, 'BackChannelLogoutOptions'),
      optionsOf(`${core}/security-events.ts`, 'SecurityEventsOptions'),
    ]
    expect(names.slice(0, 2)).toEqual(types.map((options) => options.map(({ name }) => name)))
  })
})

describe('the options in docs/introspection.md', () => {
  it('are those of the type, with its defaults', () => {
    const options = optionsOf(`${core}/introspection-options.ts`, 'IntrospectionOptions')
    const rows = tablesOf('docs/introspection.md', 'option')[0] ?? []
    expect(rows.map(([name]) => codeIn(name)[0]).toSorted()).toEqual(options.map(({ name }) => name).toSorted())
    const shown = new Map(rows.map(([name, , text]) => [codeIn(name)[0], shortDefault(text)]))
    for (const { name, defaultValue } of options)
      if (shortDefault(defaultValue) !== undefined)
        expect([name, shown.get(name)]).toEqual([name, shortDefault(defaultValue)])
  })
})

describe('the options in docs/policy-services.md', () => {
  it('are those of the types, with their defaults', () => {
    const options = [
      ...optionsOf(`${core}/policy-service-options.ts`, 'HttpServiceOptions'),
      ...optionsOf(`${core}/policy-services.ts`, 'AuthzenOptions'),
      ...optionsOf(`${core}/policy-service-options.ts`, 'PolicyServiceOptions'),
    ]
    const [rows = []] = tablesOf('docs/policy-services.md', 'option')
    expect(rows.map(([name]) => codeIn(name)[0])).toEqual(options.map(({ name }) => name))
    const shown = new Map(rows.map(([name, , text]) => [codeIn(name)[0], text?.replaceAll('`', '')]))
    const defaults = options.filter(({ defaultValue }) => /^`?[\d.]+$|^`?(?:true|false)/.test(defaultValue ?? ''))
    expect(defaults).toHaveLength(4)
    for (const { name, defaultValue } of defaults) expect(shown.get(name)).toBe(defaultValue?.replaceAll('`', ''))
  })
})

describe('the options of a client in docs/client.md', () => {
  const [shown = []] = tablesOf('docs/client.md', 'option')
  const options = optionsOf('packages/client/src/client-options.ts', 'ServiceClientOptions')

  it('are those of the type, in its order, with its defaults', () => {
    expect(shown.map(([name]) => codeIn(name)[0])).toEqual(options.map(({ name }) => name))
    expect(shown.map(([, , text]) => shortDefault(text))).toEqual(
      options.map((option) => shortDefault(option.defaultValue)),
    )
  })
})

describe.each(['docs/errors.md', 'README.md'])('the codes in %s', (page) => {
  const rows = tablesOf(page, 'code').flat()

  it('are those of the source, in its order', () => {
    expect(rows.map(([code]) => codeIn(code)[0])).toEqual(errorCodes)
  })

  it.each(rows)('%s has the status and the OAuth error of the source', (cell, status, oauthError, title) => {
    const code = codeIn(cell)[0] as ErrorCode
    const row = describeCode(code)
    expect([Number(status), codeIn(oauthError)[0]]).toEqual([row.status, row.oauthError])
    if (page === 'docs/errors.md') expect(title).toBe(row.title)
  })
})

describe('the life of a request in README.md', () => {
  it('has an exit for every code', () => {
    const drawing = fencesOf('README.md').find(({ code }) => code.includes('GET /orders'))?.code ?? ''
    const named = new Set(drawing.match(/\b[a-z]+_[a-z_]+\b/g))
    expect([...named].toSorted()).toEqual(errorCodes.toSorted())
  })
})

describe('the refusals on the wire', () => {
  const shown = pages.flatMap((page) =>
    fencesOf(page)
      .filter(({ language }) => language === 'http')
      .map(({ code, line }) => ({ where: `${page}:${line}`, code })),
  )

  it.each(shown)('are real: $where', ({ code }) => {
    const [head = '', body = ''] = code.trimEnd().split('\n\n')
    const error = new VerificationError(JSON.parse(body).code, '', { requiredScopes: scopesIn(head) })
    const denied = toDenied(error, bearerRules('api'))
    expect(body).toBe(JSON.stringify(denied.body))
    const [statusLine, ...headers] = head.split('\n')
    expect(statusLine).toContain(`HTTP/1.1 ${denied.status} `)
    expect(Object.entries(denied.headers).map((pair) => pair.join(': '))).toEqual(expect.arrayContaining(headers))
  })

  function scopesIn(head: string): readonly string[] {
    return /scope="([^"]+)"/.exec(head)?.[1]?.split(' ') ?? []
  }
})

describe('the profiles in docs/issuers.md', () => {
  it('read the claims that the source names', () => {
    const shown = (tablesOf('docs/issuers.md', 'profile')[0] ?? []).map(([name, , , ...claims]) => [
      codeIn(name)[0],
      ...claims.map(codeIn),
    ])
    const real = [...tokenProfiles].map(([name, { audienceClaims, scopes, roles }]) => [
      name,
      audienceClaims,
      scopes.map((path) => path.join('.')),
      roles.map((path) => path.join('.')),
    ])
    expect(shown).toEqual(real)
  })
})
