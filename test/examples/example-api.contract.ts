// What each example of the small API must do, whichever framework it is on: a process of its own, told by its environment
// whom it trusts and where it listens, called as a client would.
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createTestIssuer, createTestKey, type TestClaims, type TestIssuer } from '@sallyport/core/testing'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'

/** Where an example is, and the arguments that Node starts it with. Asked after the `beforeAll` of the suite around it. */
export type ExampleApi = () => { readonly folder: string; readonly args: readonly string[] }

interface Answer {
  readonly status: number
  readonly challenge: string | null
  readonly body: unknown
}

export function exampleApiContract(name: string, example: ExampleApi): void {
  describe(name, { timeout: 20_000 }, () => {
    let issuer: TestIssuer
    let app: ChildProcess
    let output = ''
    let origin: string

    beforeAll(async () => {
      issuer = await createTestIssuer({ audience: 'https://orders.example' })
      const trust = { SALLYPORT_ISSUER: issuer.issuer, SALLYPORT_AUDIENCE: issuer.audience, PORT: '0' }
      const { folder, args } = example()
      // A group of its own, so that whatever it leaves running can be found.
      app = spawn(process.execPath, args, { cwd: folder, env: { ...process.env, ...trust }, detached: true })
      origin = await originOf(app, (text) => {
        output += text
      })
    })

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
      const key = await createTestKey('ES256', issuer.key.kid)
      const forged = await issuer.asUser({ scope: 'read:orders' }, { key })
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
}

/** Where it listens, as soon as it says so. */
export function originOf(app: ChildProcess, note: (output: string) => void = () => undefined): Promise<string> {
  let output = ''
  return new Promise((resolve, reject) => {
    const read = (chunk: Buffer): void => {
      note(chunk.toString())
      output += chunk.toString()
      const said = /http:\S+(?=\n)/.exec(output)?.[0]
      if (said !== undefined) resolve(said)
    }
    app.stdout?.on('data', read)
    app.stderr?.on('data', read)
    app.once('close', () => reject(new Error(output)))
  })
}
