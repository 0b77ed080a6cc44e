import { describe, expect, it } from 'vitest'
import { VerificationError } from '../errors.js'
import { bearerRules } from './challenge.js'
import { toDenied } from './denial.js'
import { type WritableResponse, writeDenied } from './node-response.js'

/** A response that keeps what was written to it. */
function createResponse(headers: Record<string, string | readonly string[]> = {}) {
  const written = new Map<string, unknown>(Object.entries(headers))
  const response: WritableResponse & { body?: string } = {
    statusCode: 200,
    getHeader: (name) => written.get(name.toLowerCase()) as string | undefined,
    setHeader: (name, value) => written.set(name.toLowerCase(), value),
    end: (body) => {
      response.body = body
    },
  }
  return { response, written }
}

const denied = toDenied(new VerificationError('token_expired', '`exp` has passed'), bearerRules('api'))

describe('writeDenied', () => {
  it('writes status, headers and body', () => {
    const { response, written } = createResponse()
    writeDenied(response, denied)
    expect(response.statusCode).toBe(401)
    expect(Object.fromEntries(written)).toEqual({
      'content-type': 'application/problem+json',
      'cache-control': 'no-store',
      'access-control-expose-headers': 'WWW-Authenticate',
      'www-authenticate': denied.headers['WWW-Authenticate'],
    })
    expect(JSON.parse(response.body ?? '')).toEqual(denied.body)
  })

  it.each<[string | readonly string[], string]>([
    ['ETag', 'ETag, WWW-Authenticate'],
    [['ETag', 'X-Total'], 'ETag,X-Total, WWW-Authenticate'],
  ])('keeps exposed what was exposed: %j', (before, after) => {
    const { response, written } = createResponse({ 'access-control-expose-headers': before })
    writeDenied(response, denied)
    expect(written.get('access-control-expose-headers')).toBe(after)
  })

  it('replaces what other middleware had set of its own headers', () => {
    const { response, written } = createResponse({ 'cache-control': 'public, max-age=60', 'content-type': 'text/html' })
    writeDenied(response, denied)
    expect(written.get('cache-control')).toBe('no-store')
    expect(written.get('content-type')).toBe('application/problem+json')
  })
})
