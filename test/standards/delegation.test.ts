// Who acts for whom (RFC 8693 §4), and a credential of a workload that is worth nothing by itself (WIT-SVID).
import { actor } from '@sallyport/core'
import { describe, expect, it } from 'vitest'
import { createSigner, now, type Part, verdict, verifierFor } from '../fixtures/signer.js'

const signer = createSigner('ES256')

/** What becomes of a request with a token of these claims, under a policy. */
async function decide(payload: Part, policy: ReturnType<typeof actor.none>): Promise<string> {
  const headers = { authorization: `Bearer ${signer.token({}, payload)}` }
  const decision = await verifierFor(signer).verify({ headers }, policy)
  return decision.allowed ? 'allowed' : decision.code
}

describe('R-8693-2: may_act', () => {
  it('R-8693-2 is for the authorization server: here it makes nobody an actor', async () => {
    const payload = { may_act: { sub: 'agent' } }
    expect(await decide(payload, actor.none())).toBe('allowed')
    expect(await decide(payload, actor.is('agent'))).toBe('policy_denied')
    expect(await decide({ act: { sub: 'agent' } }, actor.is('agent'))).toBe('allowed')
  })
})

describe('R-8693-3: the chain of actors', () => {
  const chain = { act: { sub: 'agent', act: { sub: 'scheduler' } } }

  it('R-8693-3 is as long as the policy lets it be, and no longer', async () => {
    expect(await decide(chain, actor.depthAtMost(2))).toBe('allowed')
    expect(await decide(chain, actor.depthAtMost(1))).toBe('policy_denied')
  })

  it('R-8693-3 may be required, and may be refused', async () => {
    expect(await decide(chain, actor.none())).toBe('policy_denied')
    expect(await decide({}, actor.none())).toBe('allowed')
    expect(await decide({}, actor.is('agent'))).toBe('policy_denied')
  })

  it('R-8693-3 speaks for its outermost actor alone: who acted before is history', async () => {
    expect(await decide(chain, actor.is('scheduler'))).toBe('policy_denied')
    expect(await decide(chain, actor.is('agent'))).toBe('allowed')
  })

  it('R-8693-3 cannot be deeper than a token may be nested', async () => {
    const deep = Array.from({ length: 200 }).reduce<object>((act) => ({ act }), { sub: 'agent' })
    expect(await verdict(verifierFor(signer), signer.token({}, deep as Part))).toBe('token_malformed')
  })
})

describe('R-WIT-1: a WIT-SVID', () => {
  it('R-WIT-1 that is presented as a bearer token is refused, whatever the profile', async () => {
    const token = signer.token(
      { typ: 'wit+jwt' },
      { sub: 'spiffe://prod.example/a', exp: now + 300, scope: 'a', azp: 'b' },
    )
    for (const profile of ['rfc9068', 'rfc9068-strict', 'jwt', 'auth0', 'cognito', 'entra', 'keycloak', 'okta'])
      expect(await verdict(verifierFor(signer, { profile }), token)).toBe('token_type_rejected')
  })
})
