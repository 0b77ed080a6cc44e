// One process of the benchmark: the CPU time of a contender on one kind of request, in slices between slices of the policy
// written by hand. Prints JSON. Arguments: the module of the contenders, a name, a kind, and milliseconds for each of both.
import { CpuWatch } from '../cpu-watch.js'
import { median } from '../statistics.js'
import { byHand, withScopes } from './by-hand.js'
import { makeRequests } from './requests.js'

const slices = 12
const [modulePath, name, kind, milliseconds] = process.argv.slice(2)
const budget = 1_000 * Number(milliseconds)
const { contenders } = await import(modulePath)

const hand = await enter('by hand', { prepare: withScopes, decide: byHand }, await import('./spend.js?hand'))
const contender = await enter(name, await contenders[name](), await import('./spend.js?contender'))
const times = { hand: [], contender: [] }
for (let i = 0; i < slices; i++) {
  times.hand.push(hand())
  times.contender.push(contender())
}
const ratios = times.contender.map((time, i) => time / times.hand[i])
console.log(JSON.stringify({ microseconds: median(times.contender), ratio: median(ratios) }))

/** Checks a contender and warms it up. Answers what measures a slice: microseconds a verdict. */
async function enter(name, { prepare, decide }, { spend }) {
  for (const request of makeRequests()) requireVerdict(name, decide(prepare(request)), request)
  const asked = makeRequests(kind)
  const requests = asked.map(prepare)
  const due = asked.map((request) => request.due)

  const perVerdict = (times) => {
    const watch = new CpuWatch()
    const right = spend(decide, requests, due, times)
    const { microseconds } = watch
    const verdicts = times * due.length
    if (right !== verdicts) throw new Error(`${name} gave ${verdicts - right} of ${verdicts} verdicts that are wrong`)
    return microseconds / verdicts
  }

  warmUp(perVerdict)
  const times = timesInSlice(perVerdict)
  return () => perVerdict(times)
}

/** A wrong verdict has no speed. */
function requireVerdict(name, verdict, { due, name: who }) {
  if (verdict === due) return
  const answer = verdict === true ? 'allows' : verdict === false ? 'denies' : 'answers neither true nor false to'
  throw new Error(`${name} ${answer} ${who}`)
}

/** Until each request was judged 20,000 times, as V8 needs for a slow library, or eight times the budget is spent. */
function warmUp(perVerdict) {
  const watch = new CpuWatch()
  for (let i = 0; (i < 100 || watch.microseconds < budget) && watch.microseconds < 8 * budget; i++) perVerdict(200)
}

/** How many times in a row take as long as a slice should. */
function timesInSlice(perVerdict) {
  for (let times = 1; ; times *= 2) {
    const watch = new CpuWatch()
    perVerdict(times)
    if (watch.microseconds >= budget / slices) return times
  }
}
