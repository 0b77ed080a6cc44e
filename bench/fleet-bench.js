// How soon a revocation is known everywhere: 15 processes in 3 regions, each with a Redis of its own, 80 ms apart. README.md
// says how to read it.
import { spawn } from 'node:child_process'
import { setTimeout as pause } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { Fleet } from './fleet/fleet.js'
import { load } from './rounds.js'
import { percentile, table } from './statistics.js'

const { values } = parseArgs({
  options: {
    revocations: { type: 'string', default: '200' },
    'one-way': { type: 'string', default: '80' },
    nodes: { type: 'string', default: '5' },
    every: { type: 'string', default: '50' },
    only: { type: 'string', default: '' },
  },
})
const regions = ['eu', 'us', 'ap']
const nodesPerRegion = Number(values.nodes)
const oneWay = Number(values['one-way'])
const count = Number(values.revocations)

/** What happens to the fleet while revocations are on their way. Each is undone by the next start. */
const faults = {
  'all is well': () => {},
  'one region killed': ({ servers }) => void servers.get('us').process.kill('SIGKILL'),
  'one region hung': ({ servers }) => void servers.get('us').process.kill('SIGSTOP'),
  'connections cut every 700 ms': ({ servers }) => cutConnections([...servers.values()]),
}

const rows = []
console.log(`Node ${process.versions.node}, ${load()}\n`)
for (const [name, fault] of Object.entries(faults)) {
  if (name.includes(values.only)) rows.push([name, ...(await measure(fault))])
}
const head = ['', 'heard of, in ms: p50', 'p99', 'most', 'kept by a quorum, in ms: p50', 'p99', 'deliveries', 'missing']
console.log(`${3 * nodesPerRegion} processes in 3 regions, ${oneWay} ms one way, ${count} revocations\n`)
console.log(table(head, rows))
console.log(`\n${load()} at the end`)

async function measure(fault) {
  const fleet = new Fleet()
  try {
    await fleet.start({ regions, nodesPerRegion, oneWay })
    const undo = fault(fleet)
    const answers = await revokeAll(fleet)
    undo?.()
    return await judge(fleet, answers)
  } finally {
    await fleet.stop()
  }
}

/** One revocation after the other, each from another process. */
async function revokeAll({ nodes }) {
  const ids = Array.from({ length: count }, (_, id) => id)
  await Promise.all(nodes.map((node) => node.call('await', { ids })))
  const answers = []
  for (const id of ids) {
    answers.push(nodes[id % nodes.length].call('revoke', { id }))
    await pause(Number(values.every))
  }
  return Promise.all(answers)
}

async function judge({ nodes }, answers) {
  const delays = []
  let missing = []
  for (let tries = 0; tries < 100; tries++) {
    const reports = await Promise.all(nodes.map((node) => node.call('report')))
    for (const { heard } of reports) for (const [id, at] of heard) delays.push(at - answers[id].at)
    missing = reports.flatMap((report) => report.missing)
    if (missing.length === 0) break
    await pause(100)
  }
  const took = answers.filter(({ error }) => error === undefined).map((answer) => answer.took)
  const figures = [percentile(delays, 50), percentile(delays, 99), Math.max(...delays)]
  const quorum = [percentile(took, 50), percentile(took, 99)]
  const all = [...figures, ...quorum].map((value) => value.toFixed(1))
  return [...all, String(answers.length * nodes.length), String(missing.length)]
}

/** Cuts every subscriber of every region, again and again. */
function cutConnections(servers) {
  const timer = setInterval(() => {
    for (const { port } of servers) spawn('redis-cli', ['-p', String(port), 'CLIENT', 'KILL', 'TYPE', 'pubsub'])
  }, 700)
  return () => clearInterval(timer)
}
