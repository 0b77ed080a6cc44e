// What a stranger may write against the published types. Each line that must not compile stands beside one that must.
import {
  type Clock,
  createVerifier,
  type Decision,
  type Principal,
  policyKit,
  scope,
  VerificationError,
} from '@sallyport/core'
import { type WritableResponse, writeDenied } from '@sallyport/core/adapter'
import { createTestClock, createTestIssuer, type TestIssuer } from '@sallyport/core/testing'
import { auth, requires } from '@sallyport/express'
import sallyport from '@sallyport/fastify'
import express from 'express'
import fastify from 'fastify'

const trusted = { issuer: 'https://idp.example.com', audience: 'https://api.example.com' }
export const verifier = createVerifier(trusted)
// @ts-expect-error: who we are is left out
createVerifier({ issuer: 'https://idp.example.com' })
// @ts-expect-error: whom we trust is left out
createVerifier({ audience: 'https://api.example.com' })

createVerifier({ issuers: [trusted, { ...trusted, issuer: 'self', secret: 'shared', algorithms: ['HS256'] }] })
// @ts-expect-error: an issuer belongs into `issuers` or at the top, not in both places
createVerifier({ issuers: [trusted], ...trusted })
// @ts-expect-error: there is no such algorithm
createVerifier({ ...trusted, algorithms: ['none'] })

// An application's own words, as it would export them from a package of its own.
export const { allOf, claim, param, role, req, custom } = policyKit({
  claims: { tenant: 'string', level: 'number', realm_access: { roles: 'strings' } },
  roles: ['admin'],
})
export const ofTenant = allOf(role('admin'), claim('tenant').equals(param('tenantId')))
// @ts-expect-error: there is no such claim
claim('tenent')
// @ts-expect-error: a number is not compared with a parameter
claim('level').equals(param('level'))

export async function answer(token: string, response: WritableResponse): Promise<string> {
  const decision: Decision = await verifier.verify(
    { headers: { authorization: `Bearer ${token}` } },
    scope('read:orders'),
  )
  // @ts-expect-error: a decision is asked before anybody is let in
  decision.auth
  if (decision.allowed) return decision.auth.claims.iss
  writeDenied(response, decision)
  return decision.code
}

export async function subjectOf(token: string): Promise<string | undefined> {
  try {
    const principal: Principal = await verifier.verifyToken(token)
    // @ts-expect-error: facts are not written to
    principal.subject = 'ann'
    return principal.subject
  } catch (error) {
    return error instanceof VerificationError && error.code === 'token_expired' ? 'nobody any more' : undefined
  }
}

const maybe = createVerifier({ ...trusted, optional: true })
export async function anonymous(): Promise<boolean> {
  const decision = await maybe.verify({ headers: new Headers() })
  // @ts-expect-error: behind an optional guard there may be nobody
  if (decision.allowed) decision.auth.subject
  return decision.allowed && decision.auth?.subject === undefined
}

export const app = express()
app.use(auth(trusted))
app.get('/orders', requires(scope('read:orders')), (req, res) => res.send(req.auth.scopes.join(' ')))
// @ts-expect-error: a policy is made of policy words
app.get('/orders', requires('read:orders'))

const clock: Clock = createTestClock()
export const issuer: Promise<TestIssuer> = createTestIssuer({ clock })

const server = fastify()
await server.register(sallyport, trusted)
server.get('/orders', { config: { auth: scope('read:orders') } }, async (request) => request.auth.subject)
server.get('/menu', { config: { auth: { optional: true } } }, async () => 'menu')
server.get('/health', { config: { auth: false } }, async () => 'ok')
// @ts-expect-error: true is no policy
server.get('/all', { config: { auth: true } }, async () => 'all')
