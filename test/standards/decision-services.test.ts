// research/standards.md §17: decision services, AuthZEN (Authorization API 1.0) and the data API of OPA.
import {
  allOf,
  authzen,
  claim,
  createVerifier,
  type Expression,
  opa,
  param,
  req,
  scope,
  type VerifiableRequest,
} from '@sallyport/core'
import { createTestClock, createTestIssuer } from '@sallyport/core/testing'
import { afterAll, beforeEach, describe, expect, it } from 'vitest'
import { answerJson, answerWell, type PolicyBehaviour, startPolicyServer } from '../fixtures/policy-server.js'

const clock = createTestClock()
const idp = await createTestIssuer({ clock })
const server = await startPolicyServer()
const verifier = createVerifier({ issuer: idp.issuer, audience: idp.audience, jwks: idp.jwks, clock })
afterAll(() => Promise.all([idp.close(), server.close(), verifier.close()]))

const token = await idp.issue({ sub: 'ann', scope: 'docs', email: 'ann@example.com' })
const request: VerifiableRequest = {
  method: 'PUT',
  headers: { authorization: `Bearer ${token}`, 'x-region': 'eu', 'x-unnamed': 'secret' },
  params: { docId: '7' },
}

beforeEach(() => {
  server.behave = 'well'
  server.decide = () => true
  server.asked.length = 0
})

const answerTo = async (leaf: Expression) => {
  const decision = await verifier.verify(request, allOf(scope('docs'), leaf))
  return decision.allowed ? { status: 200 } : { status: decision.status, code: decision.code }
}

const passed = { status: 200 }
const denied = { status: 403, code: 'policy_denied' }
const unavailable = { status: 503, code: 'policy_service_unavailable' }

const question = {
  subject: { type: 'user', id: claim('sub') },
  action: { name: req.method },
  resource: { type: 'doc', id: param('docId'), properties: { region: req.header('x-region') } },
}
/** Nothing is remembered from one test to the next. */
const byAuthzen = (options: object = {}) =>
  authzen({ url: server.url, timeoutSeconds: 5, ...options }).permits(question)
const byOpa = (options: object = {}) =>
  opa({ url: server.url, timeoutSeconds: 5, ...options }).permits('http/authz/allow', {
    user: claim('sub'),
    doc: param('docId'),
  })

/** None of these is an answer, whoever is asked. */
const silences: Readonly<Record<string, PolicyBehaviour>> = {
  '400': (response) => answerJson(response, yes, 400),
  '401': (response) => answerJson(response, yes, 401),
  '403': (response) => answerJson(response, yes, 403),
  '404': (response) => answerJson(response, yes, 404),
  '500': (response) => answerJson(response, yes, 500),
  '503': (response) => answerJson(response, yes, 503),
  '201': (response) => answerJson(response, yes, 201),
  'a redirect': (response) => response.writeHead(307, { location: '/elsewhere' }).end(),
  HTML: (response) => response.writeHead(200, { 'content-type': 'text/html' }).end(JSON.stringify(yes)),
  'no JSON': (response) => response.writeHead(200, { 'content-type': 'application/json' }).end('true'),
  'two decisions': (response) =>
    response
      .writeHead(200, { 'content-type': 'application/json' })
      .end('{"decision":false,"decision":true,"result":false,"result":true}'),
  '10 MB': (response) => answerJson(response, { ...yes, more: 'x'.repeat(10_485_760) }),
  'a dropped connection': (response) => response.socket?.destroy(),
  'half an answer': (response) => {
    response.writeHead(200, { 'content-type': 'application/json', 'content-length': '100' })
    response.write('{"decision":true', () => response.socket?.destroy())
  },
  'nothing in time': 'never',
}
const yes = { decision: true, result: true }

describe('R-AZN: AuthZEN', () => {
  it('R-AZN-1 a question is posted as JSON, and holds what the policy names and nothing else', async () => {
    expect(await answerTo(byAuthzen())).toEqual(passed)
    expect(server.asked).toMatchObject([
      { path: '/access/v1/evaluation', headers: { 'content-type': 'application/json', accept: 'application/json' } },
    ])
    expect(server.asked[0]?.body).toEqual({
      subject: { type: 'user', id: 'ann' },
      action: { name: 'PUT' },
      resource: { type: 'doc', id: '7', properties: { region: 'eu' } },
    })
    expect(JSON.stringify(server.asked)).not.toMatch(/secret|example\.com|Bearer/)
    expect(JSON.stringify(server.asked)).not.toContain(token)
  })

  it('R-AZN-1 `false` denies', async () => {
    server.decide = () => false
    expect(await answerTo(byAuthzen())).toEqual(denied)
  })

  it.each(['true', 1, 'permit', null, {}, [true], undefined])('R-AZN-1 a decision of %j is none', async (decision) => {
    server.behave = (response) => answerJson(response, { decision })
    expect(await answerTo(byAuthzen())).toEqual(unavailable)
  })

  it.each(Object.entries(silences))('R-AZN-1 %s is no answer, and no fault of the caller', async (_, behave) => {
    server.behave = behave
    expect(await answerTo(byAuthzen(behave === 'never' ? { timeoutSeconds: 0.05 } : {}))).toEqual(unavailable)
  })

  it('R-AZN-2 unknown members are ignored', async () => {
    server.behave = (response) =>
      answerJson(response, { decision: true, context: { id: 1 }, more: { decision: false } })
    expect(await answerTo(byAuthzen())).toEqual(passed)
  })

  it('R-AZN-2 `X-Request-ID` is sent, and an answer that names another is none', async () => {
    expect(await answerTo(byAuthzen())).toEqual(passed)
    expect(server.asked[0]?.headers['x-request-id']).toMatch(/^[\w-]{16,}$/)
    server.behave = (response) => answerJson(response, { decision: true })
    expect(await answerTo(byAuthzen())).toEqual(passed)
    server.behave = (response, asked) =>
      answerWell(response, { ...asked, headers: { 'x-request-id': 'another' } }, true)
    expect(await answerTo(byAuthzen())).toEqual(unavailable)
  })

  it('R-AZN-2 metadata is that of the very decision point, or not used', async () => {
    const metadata =
      (named: string): PolicyBehaviour =>
      (response, asked) =>
        asked.path === '/.well-known/authzen-configuration'
          ? answerJson(response, { policy_decision_point: named, access_evaluation_endpoint: `${server.url}/evaluate` })
          : answerWell(response, asked, asked.path === '/evaluate')
    server.behave = metadata(server.url)
    expect(await answerTo(byAuthzen({ discovery: true }))).toEqual(passed)
    expect(await answerTo(byAuthzen())).toEqual(denied)
    server.behave = metadata(`${server.url}/`)
    expect(await answerTo(byAuthzen({ discovery: true }))).toEqual(unavailable)
  })
})

describe('R-OPA: Open Policy Agent', () => {
  it('R-OPA-1 a question is the input of a rule, without the token', async () => {
    expect(await answerTo(byOpa())).toEqual(passed)
    expect(server.asked).toMatchObject([{ path: '/v1/data/http/authz/allow' }])
    expect(server.asked[0]?.body).toEqual({ input: { user: 'ann', doc: '7' } })
    expect(JSON.stringify(server.asked)).not.toContain(token)
  })

  it.each([false, undefined])('R-OPA-1 a result of %s denies', async (result) => {
    server.decide = () => result
    expect(await answerTo(byOpa())).toEqual(denied)
  })

  it.each(['true', 1, null, { allow: true }, [true]])('R-OPA-1 a result of %j is none', async (result) => {
    server.behave = (response) => answerJson(response, { result })
    expect(await answerTo(byOpa())).toEqual(unavailable)
  })

  it.each(Object.entries(silences))('R-OPA-1 %s is no answer, and no fault of the caller', async (_, behave) => {
    server.behave = behave
    expect(await answerTo(byOpa(behave === 'never' ? { timeoutSeconds: 0.05 } : {}))).toEqual(unavailable)
  })
})
