// Many clients that each send one request after the other over a connection that stays open. On bare sockets: what they cost
// must not hold up the server that is measured.
import { once } from 'node:events'
import { connect } from 'node:net'

const end = Buffer.from('{"hello":"world"}')

export function toRequest(token) {
  const lines = ['GET / HTTP/1.1', 'Host: 127.0.0.1', 'Accept: application/json', 'User-Agent: bench']
  return Buffer.from(`${lines.join('\r\n')}\r\nAuthorization: Bearer ${token}\r\n\r\n`, 'latin1')
}

export async function openClients(port, count) {
  const clients = Array.from({ length: count }, () => new Client(port))
  await Promise.all(clients.map((client) => client.opened))
  return clients
}

/** Sends requests from all clients as long as there are any and the time is not up. Rejects at the first wrong answer. */
export async function sendFor(clients, requests, milliseconds) {
  const start = performance.now()
  const until = start + milliseconds
  const sleep = stayAwake()
  try {
    const counts = await Promise.all(clients.map((client) => client.sendUntil(until, requests)))
    return { requests: counts.reduce((sum, count) => sum + count, 0), milliseconds: performance.now() - start }
  } finally {
    sleep()
  }
}

/** To wake up a client that sleeps would cost the server more than a good part of what is measured, and the slow ones most. */
function stayAwake() {
  let next = setImmediate(function again() {
    next = setImmediate(again)
  })
  return () => clearImmediate(next)
}

class Client {
  #socket
  #received = 0
  #answered

  constructor(port) {
    const onread = { buffer: Buffer.allocUnsafe(65_536), callback: (size, buffer) => this.#receive(size, buffer) }
    this.#socket = connect({ port, host: '127.0.0.1', noDelay: true, onread })
    this.opened = once(this.#socket, 'connect')
  }

  close() {
    this.#socket.destroy()
  }

  sendUntil(until, requests) {
    return new Promise((resolve, reject) => {
      let sent = 0
      const lost = () => reject(new Error('the server closed a connection'))
      const sendNext = (fault) => {
        if (fault !== undefined) return reject(new Error(fault))
        const next = performance.now() < until ? requests.next().value : undefined
        if (next === undefined) {
          this.#socket.off('close', lost)
          return resolve(sent)
        }
        sent += 1
        this.#socket.write(next)
      }
      this.#answered = sendNext
      this.#socket.once('close', lost)
      sendNext()
    })
  }

  /** An answer may come in pieces; it ends with the one body that is right. */
  #receive(size, buffer) {
    if (this.#received === 0 && buffer.latin1Slice(9, 12) !== '200') {
      this.#answered(`answered ${buffer.latin1Slice(9, 12)} to one of the good tokens`)
      return false
    }
    const isWhole = size >= end.length && end.compare(buffer, size - end.length, size) === 0
    this.#received = isWhole ? 0 : this.#received + size
    if (isWhole) this.#answered()
    return true
  }
}
