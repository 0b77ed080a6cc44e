// What all servers have in common. Each is started with the name of its row and the address of the issuer's keys, says where
// it listens, and ends with the process that started it.
import { CpuWatch } from '../cpu-watch.js'

export const [name, jwksUri] = process.argv.slice(-2)
export const body = { hello: 'world' }

/** The answer of a protected route: there is somebody, and the handler can see who. */
export function bodyFor(subject) {
  if (typeof subject !== 'string') throw new Error('nobody has passed')
  return body
}

/** The only key of the issuer, for libraries that want it given. */
export async function staticJwk() {
  const { keys } = await (await fetch(jwksUri)).json()
  return keys[0]
}

export function announce(port) {
  const watch = new CpuWatch()
  process.on('message', () => process.send(watch.microseconds))
  process.once('disconnect', () => process.exit())
  process.send({ port })
}
