// An API that knows its users: a good token of somebody whose account is gone is refused.
import { auth } from '@sallyport/express'
import express from 'express'
import { existsIn } from './users.js'

/**
 * @param {import('@electric-sql/pglite').PGlite} db
 * @param {import('@sallyport/core').VerifierOptions} options those of auth(), without `subjects`
 */
export function createApp(db, options) {
  // So many seconds at most, somebody whose row was deleted still passes.
  const guard = auth({ ...options, subjects: { exists: existsIn(db), existsSeconds: 30 } })
  const app = express()
  app.use(guard)
  app.get('/me', (req, res) => res.json({ subject: req.auth.subject }))

  // Who deletes an account here need not wait: what it was issued is taken back at once, on every node that shares the state.
  app.delete('/me', async (req, res) => {
    const { subject, issuer } = req.auth
    await db.query('delete from users where id = $1', [subject])
    await guard.verifier.revoke({ subject, issuer })
    res.status(204).end()
  })
  return { app, verifier: guard.verifier }
}
