import { describe, expect, it } from 'vitest'
import { VerificationError } from '../errors.js'
import { bearerRules } from './challenge.js'
import { toDenied } from './denial.js'
import { toResponse } from './web-response.js'

describe('toResponse', () => {
  it('has the status, the headers and the body of the refusal', async () => {
    const denied = toDenied(
      new VerificationError('scope_insufficient', '', { requiredScopes: ['read'] }),
      bearerRules('api'),
    )
    const response = toResponse(denied)
    expect(response.status).toBe(403)
    expect(Object.fromEntries(response.headers)).toEqual(
      Object.fromEntries(Object.entries(denied.headers).map(([name, value]) => [name.toLowerCase(), value])),
    )
    expect(await response.text()).toBe(JSON.stringify(denied.body))
  })
})
