// The examples on Fastify and Hono as a user runs them: each a process of its own, on what `npm run build` has made of the
// packages. They are the same API, so they pass the same tests.
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { createTestIssuer, createTestKey, type TestClaims, type TestIssuer } from '@sallyport/core/testing'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'

const root = fileURLToPath(new URL('../..', import.meta.url))

interface Answer {
  readonly status: number
  readonly challenge: string | null
  readonly body: unknown
}

describe.each(['fastify-api', 'hono-api'])('examples/%s', { timeout: 20_000 }, (name) => {
  let issuer: TestIssuer
  let app: ChildProcess
  let output = ''
  let origin: string

  beforeAll(async () => {
    if (!existsSync(join(root, 'packages/fastify/dist'))) throw new Error('run `npm run build` first')
    issuer = await createTestIssuer({ audience: 'https://orders.example' })
    const trust = { SALLYPORT_ISSUER: issuer.issuer, SALLYPORT_AUDIENCE: issuer.audience, PORT: '0' }
    // A group of its own, so that whatever it leaves running can be found.
    app = spawn(process.execPath, ['app.js'], {
      cwd: join(root, 'examples', name),
      env: { ...process.env, ...trust },
      detached: true,
    })
    origin = await originOf(app)
  })

  /** Where it listens, as soon as it says so. */
  function originOf(child: ChildProcess): Promise<string> {
    return new Promise((resolve, reject) => {
      const note = (chunk: Buffer): void => {
        output += chunk.toString()
        const said = /http:\S+(?=\n)/.exec(output)?.[0]
        if (said !== undefined) resolve(said)
      }
      child.stdout?.on('data', note)
      child.stderr?.on('data', note)
      child.once('close', () => reject(new Error(output)))
    })
  }

  afterAll(async () => {
    if (app?.exitCode === null) app.kill('SIGKILL')
    await issuer?.close()
  })

  async function get(path: string, headers: Record<string, string> = {}): Promise<Answer> {
    const response = await fetch(origin + path, { headers })
    const challenge = response.headers.get('www-authenticate')
    return { status: response.status, challenge, body: await response.json() }
  }

  const getAs = async (path: string, claims: TestClaims): Promise<Answer> => get(path, await issuer.asUser(claims))

  it('answers everybody on its public route', async () => {
    expect(await get('/health')).toEqual({ status: 200, challenge: null, body: { status: 'up' } })
  })

  it('protects a route that says nothing of itself', async () => {
    const refused = await get('/menu')
    expect(refused).toMatchObject({ status: 401, body: { code: 'credential_missing' } })
    expect(refused.challenge).toMatch(/^Bearer /)
    expect(await getAs('/menu', {})).toMatchObject({ status: 200, body: [{ item: 'portcullis' }] })
  })

  it('tells a handler who has passed', async () => {
    const body = { subject: 'ann', scopes: ['read:orders', 'read:menu'] }
    expect(await getAs('/me', { sub: 'ann', scope: 'read:orders read:menu' })).toMatchObject({ status: 200, body })
  })

  it.each<[string, TestClaims, string]>([
    ['has expired', { iat: 1_000_000_000, exp: 1_000_000_300 }, 'token_expired'],
    ['is for another API', { aud: 'https://billing.example' }, 'audience_mismatch'],
  ])('refuses a token that %s', async (_, claims, code) => {
    const refused = await getAs('/orders', { scope: 'read:orders', ...claims })
    expect(refused).toMatchObject({ status: 401, body: { code } })
    expect(refused.challenge).toContain('error="invalid_token"')
  })

  it("refuses a token that is signed with another key than the issuer's", async () => {
    const forged = await issuer.asUser({ scope: 'read:orders' }, { key: await createTestKey('ES256', issuer.key.kid) })
    expect(await get('/orders', forged)).toMatchObject({ status: 401, body: { code: 'signature_invalid' } })
  })

  it('asks for a scope where the route does', async () => {
    expect(await getAs('/orders', { scope: 'read:orders' })).toMatchObject({ status: 200 })
    const refused = await getAs('/orders', { scope: 'read:menu' })
    expect(refused).toMatchObject({ status: 403, body: { code: 'scope_insufficient' } })
    expect(refused.challenge).toContain('scope="read:orders"')
  })

  it("shows a tenant's orders to its own people and to admins", async () => {
    const [path, body] = ['/tenants/acme/orders', [{ tenant: 'acme' }]]
    expect(await getAs(path, { tenant: 'acme' })).toMatchObject({ status: 200, body })
    expect(await getAs(path, { tenant: 'globex', roles: ['admin'] })).toMatchObject({ status: 200, body })
    const refused = await getAs(path, { tenant: 'globex', roles: ['clerk'] })
    expect(refused).toMatchObject({ status: 403, body: { code: 'policy_denied' } })
  })

  it('ends by itself when it is told to, and leaves no process and no port behind', async () => {
    app.kill('SIGTERM')
    if (app.exitCode === null) await once(app, 'close')
    expect(app.exitCode, output).toBe(0)
    expect(() => process.kill(-(app.pid as number), 0)).toThrow('ESRCH')
    await expect(fetch(`${origin}/health`)).rejects.toThrow('fetch failed')
  })
})
