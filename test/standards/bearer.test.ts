// Bearer tokens in requests and answers (RFC 6750, OAuth 2.1).
import { errorCodes, scope, type VerifiableRequest, VerificationError } from '@sallyport/core'
import { describe, expect, it } from 'vitest'
import { bearerRules } from '../../packages/core/src/response/challenge.js'
import { toDenied } from '../../packages/core/src/response/denial.js'
import { createSigner, type Part, verifierFor } from '../fixtures/signer.js'

const signer = createSigner('ES256')
const token = signer.token()
const verifier = verifierFor(signer)

interface Answer {
  readonly status: number
  readonly challenge: string | undefined
  readonly headers: Readonly<Record<string, string>>
}

async function ask(
  request: Partial<VerifiableRequest>,
  by = verifier,
  policy?: ReturnType<typeof scope>,
): Promise<Answer> {
  const decision = await by.verify({ headers: {}, ...request }, policy)
  if (decision.allowed) return { status: 200, challenge: undefined, headers: {} }
  return { status: decision.status, challenge: decision.headers['WWW-Authenticate'], headers: decision.headers }
}

const authorization = (line: string) => ({ headers: { authorization: line } })
const bearer = (payload: Part = {}, header: Part = {}) => authorization(`Bearer ${signer.token(header, payload)}`)
const invalidRequest = { status: 400, challenge: expect.stringContaining('error="invalid_request"') }

describe('R-6750-1: the Authorization header', () => {
  it.each(['Bearer', 'bearer', 'BEARER', 'bEARER'])('R-6750-1 accepts the scheme as %s', async (scheme) => {
    expect(await ask(authorization(`${scheme} ${token}`))).toMatchObject({ status: 200 })
  })

  it('R-6750-1 accepts more than one space', async () => {
    expect(await ask(authorization(`Bearer   ${token}`))).toMatchObject({ status: 200 })
  })

  it.each([
    'Bearer',
    `Bearer ${token} ${token}`,
    `Bearer ${token},`,
    `Bearer "${token}"`,
    'Bearer token="x"',
    'Bearer é',
  ])('R-6750-1 answers invalid_request to what is no token68', async (line) => {
    expect(await ask(authorization(line))).toMatchObject(invalidRequest)
  })
})

describe('R-6750-2: one method a request', () => {
  const form = { 'content-type': 'application/x-www-form-urlencoded' }

  it.each<[string, Partial<VerifiableRequest>]>([
    ['header and query', { ...authorization(`Bearer ${token}`), url: `/?access_token=${token}` }],
    [
      'header and form',
      { headers: { authorization: `Bearer ${token}`, ...form }, method: 'POST', body: { access_token: token } },
    ],
    [
      'two headers, of which Node keeps the first',
      {
        ...authorization(`Bearer ${token}`),
        rawHeaders: ['Authorization', `Bearer ${token}`, 'authorization', `Bearer ${token}`],
      },
    ],
    ['two headers that were joined', authorization(`Bearer ${token}, Bearer ${token}`)],
  ])('R-6750-2 answers invalid_request to %s', async (_, request) => {
    expect(await ask(request)).toMatchObject(invalidRequest)
  })

  it('R-6750-2 lets one method pass', async () => {
    const rawHeaders = ['Host', 'x', 'Authorization', `Bearer ${token}`]
    expect(await ask({ ...authorization(`Bearer ${token}`), url: '/?x=1', body: {}, rawHeaders })).toMatchObject({
      status: 200,
    })
  })
})

describe('R-6750-3: no credential that we speak', () => {
  it.each<[string, Partial<VerifiableRequest>]>([
    ['nothing', {}],
    ['another scheme', authorization('Basic YW5uOnNlY3JldA==')],
    ['a DPoP credential', authorization(`DPoP ${token}`)],
    ['an empty header', authorization('')],
  ])('R-6750-3 is challenged without an error: %s', async (_, request) => {
    expect(await ask(request)).toMatchObject({ status: 401, challenge: 'Bearer realm="api"' })
  })
})

/** RFC 9110 §11.6.1, strictly: a scheme, and parameters in quotes, each once. */
function parametersOf(challenge: string): Map<string, string> {
  expect(challenge).toMatch(
    /^Bearer [a-z_]+="[\x20\x21\x23-\x5b\x5d-\x7e]*"(?:, [a-z_]+="[\x20\x21\x23-\x5b\x5d-\x7e]*")*$/,
  )
  const pairs = Array.from(
    challenge.matchAll(/([a-z_]+)="([^"]*)"/g),
    ([, name = '', value = '']) => [name, value] as const,
  )
  const parameters = new Map(pairs)
  expect(parameters.size).toBe(pairs.length)
  return parameters
}

const challenges = errorCodes.flatMap((code) => {
  const challenge = toDenied(
    new VerificationError(code, 'r', { requiredScopes: ['read', 'write'] }),
    bearerRules('my api'),
  )
  return challenge.headers['WWW-Authenticate'] === undefined
    ? []
    : [[code, challenge.headers['WWW-Authenticate']] as const]
})

describe('R-6750-4, R-6750-5: the form of a challenge', () => {
  it.each(challenges)('R-6750-4 of %s has at least one parameter, and each at most once', (_, challenge) => {
    const parameters = parametersOf(challenge)
    expect(parameters.get('realm')).toBe('my api')
    const known = ['realm', 'error', 'error_description', 'error_uri', 'scope']
    expect([...parameters.keys()].filter((name) => !known.includes(name))).toEqual([])
  })

  it.each(challenges)('R-6750-5 of %s keeps to the characters of the RFC', (_, challenge) => {
    const parameters = parametersOf(challenge)
    expect(parameters.get('scope') ?? '').toMatch(/^(?:[\x21\x23-\x5b\x5d-\x7e]+(?: (?!$)|$))*$/)
    expect(parameters.get('error_description') ?? '').toMatch(/^[\x20\x21\x23-\x5b\x5d-\x7e]*$/)
  })

  it.each(['a"b', 'a\\b', 'a\r\nSet-Cookie: x=y', 'é'])(
    'R-6750-5 takes nothing of a token into it, such as %j',
    async (text) => {
      for (const spoilt of [
        bearer({ aud: text }),
        bearer({ iss: text }),
        bearer({}, { typ: text }),
        bearer({}, { kid: text }),
      ]) {
        const { challenge = '' } = await ask(spoilt)
        expect(parametersOf(challenge).get('error')).toBe('invalid_token')
        expect(challenge).not.toContain(text)
      }
      expect(() => scope(text)).toThrow('scope')
      expect(() => verifierFor(signer, { realm: text })).toThrow('realm')
    },
  )
})

describe('R-6750-6: the error codes', () => {
  it.each<[string, Partial<VerifiableRequest>]>([
    ['expired', bearer({ iat: 0, exp: 1 })],
    ['malformed', authorization('Bearer x.y.z')],
    ['invalid', bearer({ aud: 'other' })],
  ])('R-6750-6 is 401 invalid_token for a token that is %s', async (_, request) => {
    expect(await ask(request)).toMatchObject({
      status: 401,
      challenge: expect.stringContaining('error="invalid_token"'),
    })
  })

  it('R-6750-6 is 403 insufficient_scope with all that is needed here', async () => {
    const { status, challenge = '' } = await ask(bearer({ scope: 'read' }), verifier, scope('read', 'write'))
    expect(status).toBe(403)
    expect(Object.fromEntries(parametersOf(challenge))).toMatchObject({
      error: 'insufficient_scope',
      scope: 'read write',
    })
  })

  it('R-6750-6 is 400 invalid_request for a request that is malformed', async () => {
    expect(await ask(authorization('Bearer a b'))).toMatchObject(invalidRequest)
  })
})

describe('R-6750-7: the query and the form', () => {
  const form = { 'content-type': 'application/x-www-form-urlencoded' }

  it('R-6750-7 are not read, whatever they hold', async () => {
    const missing = { status: 401, challenge: 'Bearer realm="api"' }
    expect(await ask({ url: `/?access_token=${token}` })).toMatchObject(missing)
    expect(await ask({ method: 'POST', headers: form, body: { access_token: token } })).toMatchObject(missing)
    expect(await ask({ method: 'GET', headers: form, body: { access_token: token } })).toMatchObject(missing)
  })

  it('R-6750-7 of which the query is read where the options call it dangerous, and the form never', async () => {
    const told = verifierFor(signer, { credentials: { dangerouslyAllowQuery: 'access_token' } })
    expect(await ask({ url: `/?access_token=${token}` }, told)).toMatchObject({ status: 200 })
    expect(await ask({ method: 'POST', headers: form, body: { access_token: token } }, told)).toMatchObject({
      status: 401,
    })
  })
})

describe('R-6750-8: every request', () => {
  it('R-6750-8 is judged for expiry and scope anew, also of a token seen before', async () => {
    let now = 1_767_225_600
    const by = verifierFor(signer, { clock: () => now })
    const request = bearer({ scope: 'read' })
    for (let sight = 0; sight < 3; sight++) {
      expect(await ask(request, by, scope('read'))).toMatchObject({ status: 200 })
      expect(await ask(request, by, scope('write'))).toMatchObject({ status: 403 })
    }
    now += 330
    expect(await ask(request, by, scope('read'))).toMatchObject({ status: 401 })
  })

  it('R-6750-8 that is refused with 403 is challenged too', async () => {
    expect((await ask(bearer({}), verifier, scope('read'))).challenge).toMatch(/^Bearer /)
  })
})

describe('R-6750-9: caches and browsers', () => {
  it('R-6750-9 no refusal is kept by a cache, and a browser may read its challenge', async () => {
    for (const request of [{}, bearer({ aud: 'other' }), authorization('Bearer a b')]) {
      const { headers } = await ask(request)
      expect(headers).toMatchObject({
        'Cache-Control': 'no-store',
        'Access-Control-Expose-Headers': 'WWW-Authenticate',
      })
    }
  })

  it('R-6750-9 a preflight has no token, and is no reason to let anybody pass: CORS stands before this', async () => {
    const preflight = { origin: 'https://app.example', 'access-control-request-method': 'DELETE' }
    expect(await ask({ method: 'OPTIONS', headers: preflight })).toMatchObject({ status: 401 })
  })
})
