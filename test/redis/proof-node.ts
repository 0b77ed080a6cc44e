// One process of an API whose tokens are bound: Express, on the state of its fleet.
import { auth } from '@sallyport/express'
import { createRedisState } from '@sallyport/redis'
import express from 'express'

/** What a process is told. */
export interface ProofOrder {
  readonly url: string
  readonly issuer: string
  readonly audience: string
}

process.once('message', async ({ url, issuer, audience }: ProofOrder) => {
  // Machines that run tests may have much else to do.
  const state = createRedisState({ url, secret: 's'.repeat(32), startTimeoutSeconds: 60 })
  await state.ready()
  const app = express()
  app.use(auth({ issuer, audience, publicUrl: audience, state }))
  app.get('/orders', (req, res) => void res.send(req.auth.binding))
  const server = app.listen(0, '127.0.0.1', () => process.send?.(server.address()))
})
process.send?.('here')
