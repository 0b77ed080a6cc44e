// The body of a refusal (RFC 9457).
import { type Denied, errorCodes, scope } from '@sallyport/core'
import { describe, expect, it } from 'vitest'
import { createSigner, now, type Part, verifierFor } from '../fixtures/signer.js'

const signer = createSigner('ES256')

async function denied(header: Part, payload: Part, options: Readonly<Record<string, unknown>> = {}): Promise<Denied> {
  const request = { headers: { authorization: `Bearer ${signer.token(header, payload)}` } }
  const decision = await verifierFor(signer, options).verify(request, scope('write'))
  if (decision.allowed) throw new Error('the request was to be refused')
  return decision
}

describe('R-9457-1: the problem', () => {
  it.each<[string, Part, Part]>([
    ['token_expired', {}, { iat: now - 60, exp: now - 30 }],
    ['audience_mismatch', {}, { aud: 'other' }],
    ['key_unknown', { kid: 'key-2' }, {}],
    ['scope_insufficient', {}, { scope: 'read' }],
  ])('R-9457-1 of %s has a stable type, its title and its status', async (code, header, payload) => {
    const { body, status, headers } = await denied(header, payload)
    expect(headers['Content-Type']).toBe('application/problem+json')
    expect(body).toEqual({ type: `urn:sallyport:problem:${code}`, title: expect.any(String), status, code })
    expect(URL.canParse(body.type)).toBe(true)
  })

  it('R-9457-1 of a missing credential is one too', async () => {
    const decision = (await verifierFor(signer).verify({ headers: {} })) as Denied
    expect(decision.body).toMatchObject({ type: 'urn:sallyport:problem:credential_missing', status: 401 })
  })

  it('R-9457-1 has a title of its own for every type', () => {
    expect(new Set(errorCodes).size).toBe(errorCodes.length)
  })
})

describe('R-9457-2: what a problem does not say', () => {
  const secret = 'S3cret-4711'

  it.each<[string, Part, Part]>([
    ['a claim', {}, { aud: secret }],
    ['an issuer', {}, { iss: secret }],
    ['a key id', { kid: secret }, {}],
    ['a type', { typ: secret }, {}],
    ['a scope', {}, { scope: secret }],
  ])('R-9457-2 is the value of %s', async (_, header, payload) => {
    expect(JSON.stringify(await denied(header, payload))).not.toContain(secret)
  })

  it('R-9457-2 is which of several causes it was', async () => {
    const causes = [{ exp: 'x' }, { sub: 7 }, { nbf: [] }, { iat: now + 20, exp: now + 10 }]
    const [first, ...others] = await Promise.all(causes.map((payload) => denied({}, payload)))
    expect(first?.code).toBe('claim_invalid')
    for (const other of others) expect(other).toEqual(first)
  })

  it('R-9457-2 is what the challenge says already: that stays the word for OAuth clients', async () => {
    const { headers, body } = await denied({}, { scope: 'read' })
    expect(headers['WWW-Authenticate']).toContain('error="insufficient_scope"')
    expect(Object.keys(body)).toEqual(['type', 'title', 'status', 'code'])
  })
})
