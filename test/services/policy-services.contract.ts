// What an adapter must do where a policy service has a say: with real servers on both sides, one of which hangs, lies and dies.
import {
  allOf,
  authzen,
  claim,
  type NamedPolicy,
  opa,
  param,
  policy,
  policySet,
  req,
  scope,
  use,
  type VerifierOptions,
} from '@sallyport/core'
import { createTestClock, createTestIssuer } from '@sallyport/core/testing'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { answerJson, type PolicyQuestion, type PolicyServer, startPolicyServer } from '../fixtures/policy-server.js'

/** What guards three routes: `/docs/:docId` by the policy `doc.edit`, `/rules/:docId` by `doc.rule`, `/plain` by a token alone. */
export interface ServicesTarget {
  readonly name: string
  serve(options: VerifierOptions, editDoc: NamedPolicy): Promise<{ readonly url: string; close(): Promise<void> }>
}

/** What {@link ServicesTarget} asks for on `/rules/:docId`. */
export const byRule = use('doc.rule')

export function policyServicesContract({ name, serve }: ServicesTarget): void {
  describe(`policy services behind ${name}`, () => {
    const clock = createTestClock()
    let server: PolicyServer
    let app: Awaited<ReturnType<ServicesTarget['serve']>>
    let tokens: Readonly<Record<'ann' | 'bob' | 'reader', string>>
    let end: () => Promise<unknown>

    beforeAll(async () => {
      server = await startPolicyServer()
      const idp = await createTestIssuer({ clock })
      const issue = (sub: string, granted: string) => idp.issue({ sub, scope: granted, exp: clock() + 3_600 })
      tokens = {
        ann: await issue('ann', 'docs'),
        bob: await issue('bob', 'docs'),
        reader: await issue('reader', 'read'),
      }
      const pdp = authzen({ url: server.url, timeoutSeconds: 1 })
      const rules = opa({ url: server.url, timeoutSeconds: 5 })
      const editDoc = policy('doc.edit', {
        allow: allOf(
          scope('docs'),
          pdp.permits({
            subject: { type: 'user', id: claim('sub') },
            action: { name: req.method },
            resource: { type: 'doc', id: param('docId') },
          }),
        ),
      })
      const doc = { user: claim('sub'), doc: param('docId') }
      const policies = policySet(policy('doc.rule', { allow: allOf(scope('docs'), rules.permits('docs/allow', doc)) }))
      const trust = { issuer: idp.issuer, audience: idp.audience, jwks: idp.jwks }
      app = await serve({ ...trust, clock, policies }, editDoc)
      end = () => Promise.all([app.close(), server.close(), idp.close()])
    })
    afterAll(() => end())
    beforeEach(() => {
      clock.advance(60) // what was remembered serves no more
      server.behave = 'well'
      server.decide = () => true
      server.asked.length = 0
    })

    const get = async (path: string, as: keyof typeof tokens = 'ann') => {
      const response = await fetch(app.url + path, { headers: { authorization: `Bearer ${tokens[as]}` } })
      const text = await response.text()
      const code = text.startsWith('{') ? JSON.parse(text).code : undefined
      return { status: response.status, code, retryAfter: response.headers.get('retry-after') }
    }
    const passed = { status: 200, code: undefined, retryAfter: null }
    const denied = { status: 403, code: 'policy_denied', retryAfter: null }
    const unavailable = { status: 503, code: 'policy_service_unavailable', retryAfter: '1' }

    it.each(['/docs/1', '/rules/1'])('%s: a yes is 200, a no is 403, and what is neither is 503', async (path) => {
      expect(await get(path)).toEqual(passed)
      clock.advance(5)
      server.decide = () => false
      expect(await get(path)).toEqual(denied)
      clock.advance(1)
      server.behave = (response) => answerJson(response, { decision: 'true', result: 'true' })
      expect(await get(path)).toEqual(unavailable)
      expect(server.asked).toHaveLength(3)
    })

    it('nobody is asked about whom the rest of the policy does not let pass', async () => {
      expect(await get('/docs/1', 'reader')).toEqual({ ...denied, code: 'scope_insufficient' })
      expect(await get('/rules/1', 'reader')).toEqual({ ...denied, code: 'scope_insufficient' })
      expect(server.asked).toEqual([])
    })

    it('what is remembered is for whom and what was asked', async () => {
      server.decide = ({ body }: PolicyQuestion) => JSON.stringify(body).includes('ann')
      expect(await get('/docs/1')).toEqual(passed)
      expect(await get('/docs/1')).toEqual(passed)
      expect(server.asked).toHaveLength(1)
      expect(await get('/docs/1', 'bob')).toEqual(denied)
      expect(await get('/docs/2')).toEqual(passed)
      expect(server.asked).toHaveLength(3)
    })

    it('who asks the same at a time asks once', async () => {
      const answers: (() => void)[] = []
      server.behave = (response) => void answers.push(() => answerJson(response, { result: true }))
      const waiting = Array.from({ length: 20 }, () => get('/rules/1'))
      await expect.poll(() => answers.length).toBe(1)
      for (const answer of answers) answer()
      for (const answer of await Promise.all(waiting)) expect(answer).toEqual(passed)
      expect(server.asked).toHaveLength(1)
    })

    it('a service that hangs is no concern of other routes, and is hung up on', async () => {
      server.mostOpen = 0
      server.behave = 'never'
      const waiting = Array.from({ length: 80 }, (_, each) => get(`/docs/${each}`))
      for (let each = 0; each < 20; each++) expect(await get('/plain')).toEqual(passed)
      for (const answer of await Promise.all(waiting)) expect(answer).toEqual(unavailable)
      expect(server.mostOpen).toBeLessThanOrEqual(64)
      await expect.poll(() => server.open()).toBe(0)
      server.behave = 'well'
      await expect.poll(async () => (await get('/docs/1')).status).toBe(200)
    })

    it('a service that dies and comes back is asked again, without anybody’s doing', async () => {
      await server.die()
      for (let each = 0; each < 9; each++) expect(await get(`/rules/${each}`)).toEqual(unavailable)
      expect(await get('/plain')).toEqual(passed)
      await server.comeBack()
      await expect.poll(async () => (await get('/rules/1')).status).toBe(200)
    })
  })
}
