// The service at the front: users come with a token. Who may do what is decided here as far as the token says, and by the policy service
// beyond that. It calls the stock with its own certificate, never with the token of a user.
import { serviceClient } from '@sallyport/client'
import { allOf, auth, authzen, claim, param, requires, scope } from '@sallyport/express'
import express from 'express'

/**
 * Builds the service.
 *
 * @param users - who signs the tokens of users, and who we are to them
 * @param self - the folder of its own certificate
 */
export function createShop({ users, self, stockUrl, stockId, policyUrl }) {
  const stock = serviceClient({ name: 'stock', tls: { spiffeFolder: self, serverIds: stockId }, origins: stockUrl })
  const pdp = authzen({ url: policyUrl, lifetimeSeconds: 0 }) // asked each time, so that the demonstration can show it
  const mayOrder = allOf(
    scope('shop:order'),
    pdp.permits({
      subject: { type: 'user', id: claim('sub') },
      action: { name: 'order' },
      resource: { type: 'item', id: param('item') },
    }),
  )

  const app = express()
  app.use(auth(users))
  app.get('/items/:item', async (req, res) => {
    const answer = await stock.fetch(`${stockUrl}/stock/${encodeURIComponent(req.params.item)}`)
    res.status(answer.status).json(await answer.json())
  })
  app.post('/items/:item/order', requires(mayOrder), async (req, res) => {
    const path = `/stock/${encodeURIComponent(req.params.item)}/take`
    const answer = await stock.fetch(`${stockUrl}${path}`, { method: 'POST' })
    res.status(answer.status).json({ ...(await answer.json()), for: req.auth.subject })
  })
  return { app, close: () => stock.close() }
}
