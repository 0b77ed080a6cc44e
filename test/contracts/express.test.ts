import { auth, requires } from '@sallyport/express'
import type { Request, Response } from 'express'
import { expressMajors } from '../fixtures/express.js'
import { serve } from '../fixtures/served-app.js'
import { adapterContract, answerOf, type ContractRoute } from './adapter.contract.js'

const handler = (request: Request, response: Response) => void response.send(answerOf(request.auth))

for (const [name, express] of expressMajors) {
  adapterContract({
    name,
    serve(options, routes) {
      const app = express()
      const isFor = (kind: ContractRoute['auth']) => routes.filter((route) => route.auth === kind)
      for (const { path } of isFor('public')) app.get(path, handler)
      for (const { path } of isFor('optional')) app.get(path, auth({ ...options, optional: true }), handler)
      app.use(auth(options))
      for (const { path, auth: policy } of routes) {
        if (policy === 'public' || policy === 'optional') continue
        if (policy === undefined) app.get(path, handler)
        else app.get(path, requires(policy), handler)
      }
      return serve(app)
    },
  })
}
