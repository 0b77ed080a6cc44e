// A fleet on one machine: regions with a Redis each, processes in every region, and the distance between the regions.
import { fork, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const file = (name) => fileURLToPath(new URL(name, import.meta.url))

/** Starts all of it; `stop()` leaves nothing behind. */
export class Fleet {
  #folder = mkdtempSync(join(tmpdir(), 'sallyport-fleet-'))
  #distance
  /** By region. */
  servers = new Map()
  nodes = []

  /** @param oneWay - milliseconds between two regions */
  async start({ regions, nodesPerRegion, oneWay, options = {} }) {
    for (const name of regions) this.servers.set(name, await startServer(join(this.#folder), name))
    const ports = await this.#startDistance(regions, oneWay)
    for (const home of regions) {
      const urls = regions.map((name) => [name, { url: `redis://127.0.0.1:${ports[`${home}>${name}`]}` }])
      const own = { regions: Object.fromEntries(urls), home, secret: 's'.repeat(32), ...options }
      for (let i = 0; i < nodesPerRegion; i++) this.nodes.push(new FleetNode(home, own))
    }
    await Promise.all(this.nodes.map((node) => node.call('open', { options: node.options })))
  }

  async #startDistance(regions, oneWay) {
    const links = regions.flatMap((from) =>
      regions.map((to) => ({
        from,
        to,
        port: this.servers.get(to).port,
        milliseconds: from === to ? 0 : oneWay,
      })),
    )
    this.#distance = fork(file('distance.js'))
    this.#distance.send({ links })
    const [{ ports }] = await once(this.#distance, 'message')
    return ports
  }

  async stop() {
    await Promise.all(this.nodes.map((node) => node.stop()))
    for (const { process: server } of this.servers.values()) {
      server.kill('SIGCONT')
      server.kill('SIGKILL')
    }
    this.#distance?.disconnect()
    rmSync(this.#folder, { recursive: true, force: true })
  }
}

class FleetNode {
  #process = fork(file('node.js'))
  #calls = new Map()
  #last = 0

  constructor(region, options) {
    this.region = region
    this.options = options
    this.#process.on('message', ({ call, answer }) => {
      this.#calls.get(call)?.resolve(answer)
      this.#calls.delete(call)
    })
    this.#process.once('exit', () => {
      for (const { reject } of this.#calls.values()) reject(new Error('a node has ended'))
    })
  }

  call(name, rest = {}) {
    const call = ++this.#last
    this.#process.send({ call, name, ...rest })
    return new Promise((resolve, reject) => void this.#calls.set(call, { resolve, reject }))
  }

  async stop() {
    if (this.#process.exitCode !== null) return
    await Promise.race([this.call('close').catch(() => {}), once(this.#process, 'exit')])
    if (this.#process.exitCode === null) this.#process.disconnect()
    if (this.#process.exitCode === null) await once(this.#process, 'exit')
  }
}

async function startServer(folder, name) {
  const port = await freePort()
  const args = ['--port', String(port), '--bind', '127.0.0.1', '--save', '', '--dir', folder]
  const server = spawn('redis-server', args, { stdio: ['ignore', 'pipe', 'inherit'] })
  server.once('error', () => {
    console.error('this needs redis-server on the PATH')
    process.exit(1)
  })
  await new Promise((resolve) => {
    server.stdout.on('data', (chunk) => void (String(chunk).includes('Ready to accept connections') && resolve()))
  })
  return { name, port, process: server }
}

async function freePort() {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address()
  server.close()
  await once(server, 'close')
  return port
}
