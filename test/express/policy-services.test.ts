import { auth, requires } from '@sallyport/express'
import { expressMajors } from '../fixtures/express.js'
import { serve } from '../fixtures/served-app.js'
import { byRule, policyServicesContract } from '../services/policy-services.contract.js'

for (const [name, express] of expressMajors) {
  policyServicesContract({
    name,
    async serve(options, editDoc) {
      const guard = auth(options)
      const app = express().use(guard)
      app.get('/docs/:docId', requires(editDoc), (_, response) => void response.send('in'))
      app.get('/rules/:docId', requires(byRule), (_, response) => void response.send('in'))
      app.get('/plain', (_, response) => void response.send('in'))
      return serve(app, () => guard.verifier.close())
    },
  })
}
