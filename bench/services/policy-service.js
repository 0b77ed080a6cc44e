// The policy service of the benchmark, in a process of its own: says yes at once, or nothing at all, as its parent wants it.
import { createServer } from 'node:http'

let behaviour = 'well'
let asked = 0
const server = createServer((request, response) => {
  request.resume().once('end', () => {
    asked += 1
    if (behaviour !== 'well') return
    response.writeHead(200, { 'content-type': 'application/json' }).end('{"decision":true}')
  })
})
server.listen(0, '127.0.0.1', () => process.send({ port: server.address().port }))
process.on('message', (wanted) => {
  behaviour = wanted
  process.send({ asked })
  asked = 0
})
process.once('disconnect', () => process.exit())
