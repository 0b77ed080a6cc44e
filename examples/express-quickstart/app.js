// A protected API: the line with auth() is all there is to it.
import { auth, requires, scope } from '@sallyport/express'
import express from 'express'

const { SALLYPORT_ISSUER: issuer, SALLYPORT_AUDIENCE: audience, PORT = '3000' } = process.env

const app = express()
app.use(auth({ issuer, audience }))
app.get('/me', (req, res) => res.json({ subject: req.auth.subject, scopes: req.auth.scopes }))
app.get('/orders', requires(scope('read:orders')), (_req, res) => res.json([{ item: 'portcullis' }]))

export const server = app.listen(Number(PORT), '127.0.0.1')
