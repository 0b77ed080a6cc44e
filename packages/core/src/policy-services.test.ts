import { describe, expect, it } from 'vitest'
import { ConfigurationError } from './errors.js'
import type { Fetch } from './keys/fetch-document.js'
import { claim, param } from './policy/comparison.js'
import { describePolicy } from './policy/describe.js'
import type { PolicyFactsInput } from './policy/evaluate.js'
import { policyFacts } from './policy/evaluate.js'
import { describeShape, type Expression } from './policy/policy.js'
import { req } from './policy/request-words.js'
import { policy } from './policy/words.js'
import { PolicyQuestions } from './policy-questions.js'
import { type AuthzenOptions, authzen, type OpaOptions, opa, policyService } from './policy-services.js'

const url = 'https://pdp.example.com'
const question = {
  subject: { type: 'user', id: claim('sub') },
  action: { name: req.method },
  resource: { type: 'doc', id: param('docId') },
}
const seen: PolicyFactsInput = { claims: { sub: 'ann' }, now: 100, method: 'GET', params: { docId: '7' } }
const yes = () => Response.json({ decision: true, result: true })

/** What a `fetch` was asked for, and answers. */
function recording(respond: (url: string) => Response | Promise<Response> = yes) {
  const sent: { url: string; headers: Record<string, string>; body: unknown; method: string | undefined }[] = []
  const fetch: Fetch = async (to, { headers, body, method }) => {
    sent.push({ url: to, headers, body: body === undefined ? undefined : JSON.parse(body), method })
    return respond(to)
  }
  return { sent, fetch }
}

async function answerTo(leaf: Expression, facts = seen) {
  const questions = new PolicyQuestions(
    () => 100,
    () => 0,
  )
  const { answers } = await questions.answer(leaf, policyFacts(facts), false)
  return answers?.get(leaf)
}

describe('authzen()', () => {
  it('asks at the usual place, with an id of its own for each question', async () => {
    const { sent, fetch } = recording()
    const pdp = authzen({ url, fetch, headers: () => ({ Authorization: 'Bearer k', Accept: 'text/html' }) })
    expect(await answerTo(pdp.permits(question))).toEqual({ verdict: 1, until: 105 })
    await answerTo(pdp.permits(question), { ...seen, claims: { sub: 'bob' } })
    expect(sent[0]).toEqual({
      url: 'https://pdp.example.com/access/v1/evaluation',
      method: 'POST',
      headers: {
        authorization: 'Bearer k',
        accept: 'application/json',
        'content-type': 'application/json',
        'x-request-id': expect.stringMatching(/^[\da-f-]{36}$/),
      },
      body: {
        subject: { type: 'user', id: 'ann' },
        action: { name: 'GET' },
        resource: { type: 'doc', id: '7' },
      },
    })
    expect(sent[1]?.headers['x-request-id']).not.toBe(sent[0]?.headers['x-request-id'])
  })

  it.each([
    ['https://pdp.example.com/', 'https://pdp.example.com/access/v1/evaluation'],
    ['https://pdp.example.com/tenant/', 'https://pdp.example.com/tenant/access/v1/evaluation'],
    ['http://127.0.0.1:8080', 'http://127.0.0.1:8080/access/v1/evaluation'],
  ])('at %s asks %s', async (base, place) => {
    const { sent, fetch } = recording()
    await answerTo(authzen({ url: base, fetch }).permits(question))
    expect(sent[0]?.url).toBe(place)
  })

  it('is described by its URL and its question, and says what it reads', () => {
    const leaf = authzen({ url }).permits(question)
    expect(describePolicy(leaf)).toMatch(/^permitted by https:\/\/pdp\.example\.com: \{"subject":/)
    expect(describeShape(policy('p', { allow: leaf }))).toMatchObject({ params: ['docId'], asks: true })
  })

  describe('with discovery', () => {
    const metadata = { policy_decision_point: url, access_evaluation_endpoint: 'https://eval.example.com/v1' }
    const ask = async (spoiled: object, options: Partial<AuthzenOptions> = {}) => {
      const { sent, fetch } = recording((to) =>
        to.includes('.well-known') ? Response.json({ ...metadata, ...spoiled }) : yes(),
      )
      const pdp = authzen({ url, discovery: true, fetch, ...options })
      const answer = await answerTo(pdp.permits(question))
      return { answer, urls: sent.map((each) => each.url), pdp, sent }
    }

    it('asks where the metadata says, and looks there once', async () => {
      const { answer, pdp, sent } = await ask({})
      expect(answer?.verdict).toBe(1)
      await answerTo(pdp.permits(question), { ...seen, claims: { sub: 'bob' } })
      expect(sent.map((each) => each.url)).toEqual([
        'https://pdp.example.com/.well-known/authzen-configuration',
        'https://eval.example.com/v1',
        'https://eval.example.com/v1',
      ])
    })

    it('looks before the path', async () => {
      const base = `${url}/tenant`
      const { urls } = await ask({ policy_decision_point: base }, { url: base })
      expect(urls[0]).toBe('https://pdp.example.com/.well-known/authzen-configuration/tenant')
    })

    it.each([
      { policy_decision_point: `${url}/` },
      { policy_decision_point: undefined },
      { access_evaluation_endpoint: undefined },
      { access_evaluation_endpoint: 'http://eval.example.com/v1' },
      { access_evaluation_endpoint: 'http://127.0.0.1:1/v1' },
      { access_evaluation_endpoint: 7 },
    ])('does not ask at all with %j', async (spoiled) => {
      const { answer, urls } = await ask(spoiled)
      expect(answer?.verdict).toBe(0)
      expect(urls).toHaveLength(1)
    })

    it('looks again after silence, and not after an answer that is none', async () => {
      let respond: () => Response = yes
      const { sent, fetch } = recording((to) => (to.includes('.well-known') ? Response.json(metadata) : respond()))
      const leaf = authzen({ url, discovery: true, lifetimeSeconds: 0, fetch }).permits(question)
      const looked = () => sent.filter((each) => each.url.includes('.well-known')).length
      await answerTo(leaf)
      respond = () => Response.json({})
      await answerTo(leaf)
      await answerTo(leaf)
      expect(looked()).toBe(1)
      for (const status of [503, 404]) {
        respond = () => new Response(null, { status })
        await answerTo(leaf)
        await answerTo(leaf)
      }
      expect(looked()).toBe(4)
    })
  })
})

describe('opa()', () => {
  it('asks for a rule', async () => {
    const { sent, fetch } = recording()
    const rules = opa({ url: 'https://opa.example.com/base/', fetch })
    expect(await answerTo(rules.permits('docs/edit/allow', { user: claim('sub') }))).toEqual({ verdict: 1, until: 105 })
    expect(sent).toEqual([
      {
        url: 'https://opa.example.com/base/v1/data/docs/edit/allow',
        method: 'POST',
        headers: { accept: 'application/json', 'content-type': 'application/json' },
        body: { input: { user: 'ann' } },
      },
    ])
  })

  it('tells rules apart', async () => {
    const { sent, fetch } = recording()
    const rules = opa({ url, fetch })
    await answerTo(rules.permits('a', { user: claim('sub') }))
    await answerTo(rules.permits('b', { user: claim('sub') }))
    await answerTo(rules.permits('a', { user: claim('sub') }))
    expect(sent).toHaveLength(2)
  })
})

describe('policyService()', () => {
  it('asks a function, which can hear that nobody waits any more', async () => {
    const asked: unknown[] = []
    const own = policyService('shares', (...args) => {
      asked.push(args)
      return true
    })
    expect(await answerTo(own.permits({ user: claim('sub') }))).toMatchObject({ verdict: 1 })
    expect(asked).toEqual([[{ user: 'ann' }, expect.any(AbortSignal)]])
  })

  it.each<[unknown, number]>([
    [true, 1],
    [false, -1],
    ['true', 0],
    [1, 0],
    [undefined, 0],
    [null, 0],
  ])('takes %j for %d', async (answer, verdict) => {
    const own = policyService('shares', async () => answer as boolean)
    expect(await answerTo(own.permits('x'))).toMatchObject({ verdict })
  })

  it('survives a function that throws at once', async () => {
    const own = policyService('shares', () => {
      throw new Error('for ann')
    })
    const remark = 'the policy service has not decided: it has failed'
    expect(await answerTo(own.permits('x'))).toMatchObject({ verdict: 0, remark })
  })
})

describe('our credentials', () => {
  it.each<[string, NonNullable<OpaOptions['headers']>]>([
    ['that cannot be had', () => Promise.reject(new Error('secret'))],
    ['that are none', () => null as unknown as Record<string, string>],
    ['that no header can hold', () => ({ authorization: 'secret\n' })],
    ['that are no text', () => ({ authorization: 7 as unknown as string })],
    ['under no name', () => ({ 'a b': 'secret' })],
  ])('%s are not sent, nor told', async (_, headers) => {
    const { sent, fetch } = recording()
    const answer = await answerTo(opa({ url, fetch, headers }).permits('a', 'x'))
    expect(answer).toMatchObject({ verdict: 0 })
    expect(JSON.stringify(answer)).not.toContain('secret')
    expect(sent).toEqual([])
  })

  it('may come later', async () => {
    const { sent, fetch } = recording()
    await answerTo(opa({ url, fetch, headers: async () => ({ 'x-key': 'k' }) }).permits('a', 'x'))
    expect(sent[0]?.headers['x-key']).toBe('k')
  })
})

describe('options', () => {
  it.each<[object | undefined | null, RegExp]>([
    [undefined, /takes options/],
    [null, /takes options/],
    [{}, /`url` must be an https URL/],
    [{ url: 'http://pdp.example.com' }, /https URL/],
    [{ url: 'https://a:b@pdp.example.com' }, /without credentials/],
    [{ url: `${url}?a` }, /no query/],
    [{ url: `${url}/#a` }, /no query and no fragment/],
    [{ url, timeoutSeconds: 0 }, /`timeoutSeconds` must be a number of seconds from 0.01 to 5/],
    [{ url, timeoutSeconds: 5.1 }, /timeoutSeconds/],
    [{ url, lifetimeSeconds: 61 }, /lifetimeSeconds/],
    [{ url, lifetimeSeconds: -1 }, /lifetimeSeconds/],
    [{ url, staleIfErrorSeconds: 61 }, /staleIfErrorSeconds/],
    [{ url, headers: { authorization: 'x' } }, /`headers` must be a function/],
    [{ url, fetch: 'x' }, /`fetch` must be a function/],
    [{ url, failOpen: true }, /no option `failOpen`/],
  ])('%j are refused', (options, message) => {
    expect(() => authzen(options as AuthzenOptions)).toThrow(message)
    expect(() => opa(options as OpaOptions)).toThrow(message)
    expect(() => authzen(options as AuthzenOptions)).toThrow(ConfigurationError)
  })

  it('their bounds are not', () => {
    for (const bounds of [
      { timeoutSeconds: 0.01, lifetimeSeconds: 0, staleIfErrorSeconds: 0 },
      { timeoutSeconds: 5, lifetimeSeconds: 60, staleIfErrorSeconds: 60 },
    ])
      expect(() => opa({ url, ...bounds })).not.toThrow()
  })

  it('belong to whom they belong', () => {
    expect(() => opa({ url, discovery: true } as OpaOptions)).toThrow(/discovery/)
    expect(() => authzen({ url, discovery: 'yes' } as unknown as AuthzenOptions)).toThrow(
      /`discovery` must be true or false/,
    )
    expect(() => policyService('x', () => true, { url } as object)).toThrow(/no option `url`/)
    expect(() => policyService('a b', () => true)).toThrow(/takes a name/)
    expect(() => policyService('x', true as never)).toThrow(/takes a function/)
  })
})
