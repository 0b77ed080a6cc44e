// Headers that no client library would send. What the server itself does not take never reaches an adapter; what it takes is for
// the engine to judge, and for nobody before it.

import type { ErrorCode } from '@sallyport/core'
import { expect, it } from 'vitest'
import { answerOf } from '../target.js'
import { type ContractWorld, expectSame } from '../world.js'

/**
 * Who passes; the code of the engine; a status of the server, which in HTTP/2 may be to reset the stream; or that the server drops
 * the line and lets the request go on without it.
 */
type Outcome = 'passes' | ErrorCode | number | 'dropped'

const reset = 0

type Oddity = [name: string, lines: (token: string) => readonly string[], outcome: Outcome, overHttp2?: Outcome]

/** Node 20 drops the lines past its limit, later ones refuse the request. */
const tooManyLines: Outcome = Number.parseInt(process.versions.node, 10) < 22 ? 'dropped' : 431

const oddities: readonly Oddity[] = [
  ['a name in capitals', (token) => [`AUTHORIZATION: Bearer ${token}`], 'passes'],
  ['a scheme in lower case', (token) => [`Authorization: bearer ${token}`], 'passes'],
  ['a scheme in capitals', (token) => [`Authorization: BEARER ${token}`], 'passes'],
  ['several spaces after the scheme', (token) => [`Authorization: Bearer    ${token}`], 'passes'],
  ['white space before the value', (token) => [`Authorization: \t Bearer ${token}`], 'passes', 'dropped'],
  ['white space behind the value', (token) => [`Authorization: Bearer ${token} \t `], 'passes', 'dropped'],
  ['a tab after the scheme', (token) => [`Authorization: Bearer\t${token}`], 'credential_missing'],
  ['an empty line', () => ['Authorization:'], 'credential_missing'],
  ['a scheme alone', () => ['Authorization: Bearer'], 'credential_malformed'],
  ['another scheme', () => ['Authorization: Basic YTpi'], 'credential_missing'],
  ['a scheme that begins alike', (token) => [`Authorization: Bearers ${token}`], 'credential_missing'],
  ['no scheme', (token) => [`Authorization: ${token}`], 'credential_missing'],
  ['two tokens in one line', (token) => [`Authorization: Bearer ${token} ${token}`], 'credential_malformed'],
  [
    'two credentials in one line',
    (token) => [`Authorization: Bearer ${token}, Bearer ${token}`],
    'credential_malformed',
  ],
  ['two schemes in one line', (token) => [`Authorization: Basic YTpi, Bearer ${token}`], 'credential_missing'],
  [
    'the same line twice',
    (token) => [`Authorization: Bearer ${token}`, `Authorization: Bearer ${token}`],
    'credential_ambiguous',
  ],
  [
    'a good line behind another',
    (token) => ['Authorization: Basic YTpi', `Authorization: Bearer ${token}`],
    'credential_ambiguous',
  ],
  [
    'a good line behind an empty one',
    (token) => ['Authorization:', `Authorization: Bearer ${token}`],
    'credential_ambiguous',
  ],
  [
    'a good line before an empty one',
    (token) => [`Authorization: Bearer ${token}`, 'AUTHORIZATION:'],
    'credential_ambiguous',
  ],
  ['a byte of UTF-8 in the token', (token) => [`Authorization: Bearer ${token}\xc3\xa9`], 'credential_malformed'],
  ['a byte of Latin-1 in the token', (token) => [`Authorization: Bearer ${token}\xe9`], 'credential_malformed'],
  ['a NUL in the token', (token) => [`Authorization: Bearer ${token}\0`], 400, 'dropped'],
  ['a control byte in the token', (token) => [`Authorization: Bearer \x01${token}`], 400, 'dropped'],
  ['a DEL in the token', (token) => [`Authorization: Bearer ${token}\x7f`], 400, 'dropped'],
  ['a line that is folded', (token) => [`Authorization: Bearer\r\n ${token}`], 400, 'dropped'],
  ['a line that is folded with a tab', (token) => [`Authorization: Bearer\r\n\t${token}`], 400, 'dropped'],
  ['a bare CR', (token) => [`Authorization: Bearer\r${token}`], 400, 'dropped'],
  ['a bare LF', (token) => [`Authorization: Bearer\n${token}`], 400, 'dropped'],
  ['a space before the colon', (token) => [`Authorization : Bearer ${token}`], 400, 'dropped'],
  ['a NUL in the name', (token) => [`Author\0ization: Bearer ${token}`], 400, 'dropped'],
  ['20 kB', () => [`Authorization: Bearer ${'a'.repeat(20_000)}`], 431, 'token_malformed'],
  ['2,000 lines before the token', (token) => [...fillers, `Authorization: Bearer ${token}`], tooManyLines, reset],
]

/** As many as Node keeps, in fewer bytes than it takes. */
const fillers = Array.from({ length: 2_000 }, () => 'a: b')

export function headerCases(world: () => ContractWorld): void {
  it.each<Oddity>(oddities)(
    'an odd header is judged by the engine alone: %s',
    async (...[, toLines, http1, http2 = http1]) => {
      const { app, idp, expected, target } = world()
      const lines = toLines(await idp.issue({ sub: 'ann' }))
      const outcome = app.protocol === 'HTTP/2' ? http2 : http1
      for (const path of ['/me', '/menu']) {
        const answer = await app.send(`GET ${path}`, lines)
        if (typeof outcome === 'number') {
          expect(answer.status).toBe(outcome)
          expect(answer.body).not.toContain('in as')
        } else if (outcome === 'passes') {
          expect(answer).toMatchObject({ status: 200, body: answerOf({ subject: 'ann' }) })
        } else if (outcome === 'dropped' && path === '/menu') {
          expect(answer).toMatchObject({ status: 200, body: answerOf(undefined) })
        } else {
          const denied = await expected(outcome === 'dropped' ? [] : lines)
          if (outcome !== 'dropped' && target.joinsLines !== true) expect(denied.code).toBe(outcome)
          expectSame(answer, denied)
        }
      }
    },
  )
}
