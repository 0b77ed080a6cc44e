// The example on its real database: somebody is deleted, and the API notices. On the sources, with a clock of the test's.
import { join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import type { Verifier } from '@sallyport/core'
import { createTestClock, createTestIssuer, type TestIssuer } from '@sallyport/core/testing'
import type { Express } from 'express'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type ServedApp, serve } from '../fixtures/served-app.js'

interface Database {
  readonly closed: boolean
  query(text: string, values?: readonly unknown[]): Promise<{ readonly rows: readonly unknown[] }>
  close(): Promise<void>
}

interface Example {
  createApp(db: Database, options: object): { readonly app: Express; readonly verifier: Verifier }
  openUsers(): Promise<Database>
}

const folder = fileURLToPath(new URL('../../examples/subject-lookup', import.meta.url))
const load = (file: string): Promise<Partial<Example>> => import(pathToFileURL(join(folder, file)).href)

const clock = createTestClock()
let idp: TestIssuer
let db: Database
let app: ServedApp

beforeAll(async () => {
  idp = await createTestIssuer({ clock })
  const { createApp, openUsers } = { ...(await load('app.js')), ...(await load('users.js')) } as Example
  db = await openUsers()
  const { issuer, audience, jwks } = idp
  const served = createApp(db, { issuer, audience, jwks, clock })
  app = await serve(served.app, () => served.verifier.close())
})
afterAll(async () => {
  await Promise.all([app?.close(), idp?.close()])
  if (db?.closed === false) await db.close()
})

async function ask(subject: string, method = 'GET'): Promise<string | number> {
  const response = await fetch(`${app.url}/me`, { method, headers: await idp.asUser({ sub: subject }) })
  const body = await response.text()
  return response.ok ? response.status : JSON.parse(body).code
}

describe('examples/subject-lookup', () => {
  it('lets pass who has an account, and nobody else', async () => {
    expect(await ask('ann')).toBe(200)
    expect(await ask('bob')).toBe('subject_unknown')
  })

  it('refuses somebody within 30 seconds after the row was deleted, and lets them in again 10 after it is back', async () => {
    await db.query('delete from users where id = $1', ['ann'])
    expect(await ask('ann')).toBe(200)
    clock.advance(30)
    expect(await ask('ann')).toBe('subject_unknown')
    await db.query('insert into users values ($1)', ['ann'])
    expect(await ask('ann')).toBe('subject_unknown')
    clock.advance(10)
    expect(await ask('ann')).toBe(200)
  })

  it('refuses at once who deletes the account through the application', async () => {
    expect(await ask('ann', 'DELETE')).toBe(204)
    expect(await ask('ann')).toBe('token_revoked')
    const { rows } = await db.query('select 1 from users where id = $1', ['ann'])
    expect(rows).toEqual([])
  })

  it('answers 503 while the database is gone', async () => {
    clock.advance(60)
    await db.close()
    expect(await ask('ann')).toBe('subject_unavailable')
  })
})
