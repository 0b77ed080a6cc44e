import { auth, requires } from '@sallyport/express'
import type { Request, Response } from 'express'
import { expressMajors } from '../fixtures/express.js'
import { serve } from '../fixtures/served-app.js'
import { adapterContract, answerOf, type ContractRoute } from './adapter.contract.js'

const handler = (request: Request, response: Response) => void response.send(answerOf(request.auth))

for (const [name, express] of expressMajors) {
  adapterContract({
    name,
    async serve(options, routes) {
      const app = express()
      const guard = auth(options)
      const anyone = auth({ ...options, optional: true })
      const isFor = (kind: ContractRoute['auth']) => routes.filter((route) => route.auth === kind)
      for (const { path } of isFor('public')) app.get(path, handler)
      for (const { path } of isFor('optional')) app.get(path, anyone, handler)
      app.use(guard)
      for (const { path, auth: policy } of routes) {
        if (policy === 'public' || policy === 'optional') continue
        if (policy === undefined) app.get(path, handler)
        else app.get(path, requires(policy), handler)
      }
      const { verifier } = guard
      const served = await serve(app, () => Promise.all([verifier.close(), anyone.verifier.close()]))
      return { ...served, verifier }
    },
  })
}
