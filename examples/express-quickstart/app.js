// A protected API: the line with auth() says who is trusted, and each requires() who may call a route.
import { anyOf, auth, claim, param, requires, role, scope } from '@sallyport/express'
import express from 'express'

const { SALLYPORT_ISSUER: issuer, SALLYPORT_AUDIENCE: audience, PORT = '3000' } = process.env

const app = express()
app.use(auth({ issuer, audience }))
app.get('/me', (req, res) => res.json({ subject: req.auth.subject, scopes: req.auth.scopes }))
app.get('/orders', requires(scope('read:orders')), (_req, res) => res.json([{ item: 'portcullis' }]))

/** Whoever works for the tenant, and the admins of all of them. */
export const ofTenant = anyOf(role('admin'), claim('tenant').equals(param('tenantId')))
app.get('/tenants/:tenantId/orders', requires(ofTenant), (req, res) => res.json([{ tenant: req.params.tenantId }]))

export const server = app.listen(Number(PORT), '127.0.0.1')
