// One node of the fleet that demo-redis.js starts: the app as it is, and a word about where it listens.
import { once } from 'node:events'
import { server } from './app.js'

if (!server.listening) await once(server, 'listening')
process.send({ port: server.address().port })
process.once('disconnect', () => {
  server.close()
  server.closeAllConnections()
  process.exit()
})
