// An application that says once what its handlers see. Compiled apart from `app.ts`: it holds for a whole program.
import { auth } from '@sallyport/express'
import express from 'express'

declare module '@sallyport/core' {
  interface Register {
    claims: { tenant: string }
  }
}

const app = express()
app.use(auth({ issuer: 'https://idp.example.com', audience: 'https://api.example.com' }))
app.get('/', (req, res) => res.send(req.auth.claims.tenant))
// @ts-expect-error: not among the registered claims
app.get('/', (req, res) => res.send(req.auth.claims.tenent))
