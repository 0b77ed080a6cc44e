// The distance between regions: a process that passes bytes on, each after so many milliseconds, in both directions. Sent as a
// message: `{ links: [{ from, to, port, milliseconds }] }`; answered with the ports by `from>to`.
import { once } from 'node:events'
import { connect, createServer } from 'node:net'

process.once('message', async ({ links }) => {
  const ports = {}
  for (const { from, to, port, milliseconds } of links) ports[`${from}>${to}`] = await listen(port, milliseconds)
  process.send({ ports })
})
process.once('disconnect', () => process.exit())

async function listen(target, milliseconds) {
  const server = createServer({ noDelay: true }, (near) => {
    const far = connect({ port: target, host: '127.0.0.1', noDelay: true })
    pass(near, far, milliseconds)
    pass(far, near, milliseconds)
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  return server.address().port
}

/** Timers of one length end in the order in which they began, so bytes stay in order. */
function pass(from, to, milliseconds) {
  from.on('data', (chunk) => setTimeout(() => to.writable && to.write(chunk), milliseconds))
  from.on('close', () => setTimeout(() => to.destroy(), milliseconds))
  from.on('error', () => {})
}
