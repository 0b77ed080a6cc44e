// What a policy service that hangs does to the routes that do not ask it, and to those that do. README.md says how to read it.
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { Agent, get } from 'node:http'
import { setTimeout as pause } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { forRounds, load, Series } from './rounds.js'
import { median, percentile, show, shuffled, table } from './statistics.js'

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '7' },
    seconds: { type: 'string', default: '7' },
    plain: { type: 'string', default: '200' },
    asking: { type: 'string', default: '100' },
    timeout: { type: 'string', default: '0.1' },
  },
})
const seconds = Number(values.seconds)
const timeout = Number(values.timeout)
const agent = new Agent({ keepAlive: true, maxSockets: 256 })

const service = start('services/policy-service.js')
const { port: servicePort } = await told(service)
const api = start('services/api.js', `http://127.0.0.1:${servicePort}`, values.timeout)
const { port, token } = await told(api)
let asked = 0
let next = 0

console.log(`Node ${process.versions.node}, ${values.rounds} rounds of ${seconds} s, ${load()}`)
console.log(`${values.plain} requests a second of the other route, ${values.asking} of the one that asks\n`)
const measured = new Series()
await behave('well')
await drive(2) // everything is compiled by then
await forRounds(Number(values.rounds), async () => {
  for (const behaviour of shuffled(['alone', 'well', 'never'])) {
    await behave(behaviour)
    await pause(500)
    const { plain, asking } = await drive(seconds, behaviour === 'alone' ? 0 : Number(values.asking))
    const times = (answers) => answers.map(({ milliseconds }) => milliseconds)
    if (plain.some(({ status }) => status !== 200)) throw new Error('the other route did not answer')
    for (const p of [50, 99]) measured.add(`plain ${behaviour} ${p}`, percentile(times(plain), p))
    if (behaviour === 'alone') continue
    for (const p of [50, 99, 100]) measured.add(`asking ${behaviour} ${p}`, percentile(times(asking), p))
    const waited = times(asking).filter((milliseconds) => milliseconds >= 500 * timeout)
    measured.add(`waited ${behaviour}`, waited.length)
    const due = behaviour === 'well' ? 200 : 503
    measured.add(`wrong ${behaviour}`, asking.filter(({ status }) => status !== due).length)
    if (behaviour === 'never') await recover()
    measured.add(`questions ${behaviour}`, await questions())
  }
  const [alone, well, never] = ['alone', 'well', 'never'].map((each) => measured.of(`plain ${each} 99`).at(-1))
  measured.add('to well', never / well)
  measured.add('to alone', never / alone)
})

const columns = ['alone', 'well', 'never']
console.log(
  table(
    ['', 'nobody asks', 'it answers', 'it hangs'],
    [
      ['the other route, p50, in ms', ...columns.map((each) => show(measured.of(`plain ${each} 50`)))],
      ['the other route, p99, in ms', ...columns.map((each) => show(measured.of(`plain ${each} 99`)))],
      ['the route that asks, p50, in ms', ...columns.map((each) => show(measured.of(`asking ${each} 50`)))],
      ['the route that asks, p99, in ms', ...columns.map((each) => show(measured.of(`asking ${each} 99`)))],
      ['the route that asks, most, in ms', ...columns.map((each) => show(measured.of(`asking ${each} 100`)))],
      ['of them waited for half the deadline or more', ...columns.map((each) => show(measured.of(`waited ${each}`)))],
      ['of them answered otherwise than is due', ...columns.map((each) => show(measured.of(`wrong ${each}`)))],
      ['questions that reached the service', ...columns.map((each) => show(measured.of(`questions ${each}`)))],
    ],
  ),
)
const p99 = (each) => median(measured.of(`plain ${each} 99`))
const ofMedians = (each) => (p99('never') / p99(each)).toFixed(2)
const ratio = (each) => `${show(measured.of(`to ${each}`))} in a round, ${ofMedians(each)} of the medians`
console.log(`\nthe other route, p99, it hangs ÷ it answers: ${ratio('well')}`)
console.log(`the other route, p99, it hangs ÷ nobody asks: ${ratio('alone')}`)
console.log(`from the moment at which it answers again to the first 200: ${show(measured.of('recovery'))} ms`)
console.log(`\n${load()} at the end`)
for (const each of [api, service]) each.disconnect()
agent.destroy()

function start(program, ...args) {
  return fork(fileURLToPath(new URL(program, import.meta.url)), args)
}

async function told(child) {
  const [message] = await once(child, 'message')
  return message
}

async function behave(behaviour) {
  service.send(behaviour)
  asked += (await told(service)).asked
}

/** Since this was last asked. */
async function questions() {
  await behave('well')
  const sum = asked
  asked = 0
  return sum
}

/** So many requests a second of each, however long their answers take. No question is asked twice. */
async function drive(duration, perSecond = Number(values.asking)) {
  const [plain, asking] = [[], []]
  const pending = []
  const begun = performance.now()
  const sent = { plain: 0, asking: 0 }
  for (let now = 0; now < duration; now = (performance.now() - begun) / 1_000) {
    for (; sent.plain < now * Number(values.plain); sent.plain++)
      pending.push(ask('/plain').then((each) => plain.push(each)))
    for (; sent.asking < now * perSecond; sent.asking++)
      pending.push(ask(`/docs/${next++}`).then((each) => asking.push(each)))
    await pause(1)
  }
  await Promise.all(pending)
  return { plain, asking }
}

/** Until the route lets pass again. */
async function recover() {
  await behave('well')
  const begun = performance.now()
  while ((await ask(`/docs/${next++}`)).status !== 200) await pause(5)
  measured.add('recovery', performance.now() - begun)
}

function ask(path) {
  const begun = performance.now()
  return new Promise((resolve, reject) => {
    get({ host: '127.0.0.1', port, path, agent, headers: { authorization: `Bearer ${token}` } }, (response) => {
      response
        .resume()
        .once('end', () => resolve({ status: response.statusCode, milliseconds: performance.now() - begun }))
    }).once('error', reject)
  })
}
