// The policy service, as AuthZEN 1.0 has it: it is asked who may do what, and answers yes or no. This one knows two people, and it
// can be told to hang, as policy services do.
import { createServer } from 'node:http'

const mayOrder = new Set(['ann'])

/** Builds the service. */
export function createPolicyService() {
  let isHanging = false
  let asked = 0
  const server = createServer(async (request, response) => {
    let text = ''
    for await (const chunk of request) text += chunk
    asked += 1
    if (isHanging) return // and says nothing
    const { subject, action } = JSON.parse(text)
    const decision = action.name === 'order' && mayOrder.has(subject.id)
    response.setHeader('X-Request-ID', request.headers['x-request-id'] ?? '')
    response.setHeader('Content-Type', 'application/json').end(JSON.stringify({ decision }))
  })
  return Object.assign(server, {
    hang(isTrue) {
      isHanging = isTrue
    },
    get asked() {
      return asked
    },
  })
}
