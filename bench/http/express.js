// Express 5 with a route that answers JSON: bare, or behind one of the contenders.
import { auth as sallyport } from '@sallyport/express'
import express from 'express'
import oauth2JwtBearer from 'express-oauth2-jwt-bearer'
import { audience, issuer } from '../tokens.js'
import { announce, body, bodyFor, jwksUri, name } from './serve.js'

const app = express()

const setUp = {
  bare: () => app.get('/', (_req, res) => res.json(body)),
  Sallyport: () => {
    app.get('/', sallyport({ issuer, audience, jwksUri }), (req, res) => res.json(bodyFor(req.auth.subject)))
  },
  'express-oauth2-jwt-bearer': () => {
    const guard = oauth2JwtBearer.auth({ issuer, audience, jwksUri, tokenSigningAlg: 'RS256' })
    app.get('/', guard, (req, res) => res.json(bodyFor(req.auth.payload.sub)))
  },
}

setUp[name]()
const server = app.listen(0, '127.0.0.1', () => announce(server.address().port))
