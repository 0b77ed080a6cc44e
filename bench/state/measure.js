// One process of the benchmark: a contender filled with revocations. Prints JSON. Needs --expose-gc. Arguments: the name of
// the contender, how many revocations, how many look-ups.
import { generateKeyPairSync, sign, verify } from 'node:crypto'
import { CpuWatch } from '../cpu-watch.js'
import { contenders } from './contenders.js'
import { middleEnd, revocation, revokedToken, token } from './workload.js'

const [name, count, lookUps] = [process.argv[2], Number(process.argv[3]), Number(process.argv[4])]
const batch = 10_000
const heldTokens = 10_000
const rounds = Math.ceil(lookUps / heldTokens)
const figures = {}
let next = 0

const before = memory()
const contender = await contenders[name](count + 10 * rounds)
figures.put = fill()
const after = memory()
figures.flat = after.arrayBuffers - before.arrayBuffers
figures.bytes = figures.flat + after.heapUsed - before.heapUsed
if (contender.size() < count * 0.9999) throw new Error(`${name} has lost revocations`)
if (contender.bytes !== undefined && contender.bytes() > figures.flat)
  throw new Error(`${name} counts what is not there`)

lookUp()
figures.rs256 = rs256()
if (contender.isIdRevoked !== undefined) figures.falsePositives = falsePositives(10 * lookUps)
if (contender.forgetPast !== undefined) keepUp()
console.log(JSON.stringify(figures))

/** Puts all of them in. Answers nanoseconds each; how they come to be what is put in doesn't count. */
function fill() {
  let microseconds = 0
  while (next < count) {
    const entries = Array.from({ length: Math.min(batch, count - next) }, () => contender.prepare(revocation(next++)))
    const watch = new CpuWatch()
    for (const entry of entries) contender.put(entry)
    microseconds += watch.microseconds
  }
  return (1_000 * microseconds) / count
}

function lookUp() {
  const good = Array.from({ length: heldTokens }, (_, i) => token(i))
  for (let time = 0; time < 10; time++) ask(good, false) // everything is compiled by then
  figures.unchanged = ask(good, false, rounds)
  figures.changed = askAfterEach(good)
  figures.changedOfFew = askAfterEach(good.slice(0, 1_000))
  const bad = Array.from({ length: heldTokens }, (_, i) => revokedToken(i))
  ask(bad, true)
  figures.revoked = ask(bad, true, rounds)
  const unseen = Array.from({ length: heldTokens }, (_, i) => token(heldTokens + i))
  figures.first = ask(unseen, false)
}

/** Puts one more in before all of them are asked for: each meets what it has not met before. */
function askAfterEach(tokens) {
  let sum = 0
  for (let round = 0; round < rounds; round++) {
    contender.put(contender.prepare(revocation(next++)))
    sum += ask(tokens, false)
  }
  return sum / rounds
}

/** Nanoseconds a look-up. */
function ask(tokens, due, times = 1) {
  const watch = new CpuWatch()
  let wrong = 0
  for (let time = 0; time < times; time++) for (const one of tokens) if (contender.isRevoked(one) !== due) wrong += 1
  const { microseconds } = watch
  // A filter may take one in a hundred thousand for revoked: with bad luck, one of these.
  if (wrong > (due ? 0 : times)) throw new Error(`${name} was wrong ${wrong} times`)
  return (1_000 * microseconds) / (tokens.length * times)
}

/** Of so many ids that nobody has revoked, the share that is taken for revoked. The ids are those of xorshift32. */
function falsePositives(probes) {
  let [found, x] = [0, 2_463_534_242]
  const random = () => {
    x ^= x << 13
    x ^= x >>> 17
    x ^= x << 5
    return x
  }
  for (let i = 0; i < probes; i++) if (contender.isIdRevoked(random(), random())) found += 1
  return found / probes
}

/** What the event loop has to wait for, in milliseconds of CPU time. */
function keepUp() {
  figures.markUnread = milliseconds(() => contender.markUnread())
  figures.longestPart = 0
  figures.sweep = 0
  for (let isDone = false; !isDone; ) {
    const part = milliseconds(() => {
      isDone = contender.forgetPast(middleEnd)
    })
    figures.longestPart = Math.max(figures.longestPart, part)
    figures.sweep += part
  }
}

function milliseconds(operation) {
  const watch = new CpuWatch()
  operation()
  return watch.microseconds / 1_000
}

/** The primitive of the cheapest signature, in nanoseconds, to compare with. */
function rs256() {
  const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2_048 })
  const data = Buffer.alloc(800, 'a')
  const signature = sign('sha256', data, privateKey)
  const spend = (times) => {
    const watch = new CpuWatch()
    for (let i = 0; i < times; i++) if (!verify('sha256', data, publicKey, signature)) throw new Error('no signature')
    return (1_000 * watch.microseconds) / times
  }
  spend(1_000)
  return spend(10_000)
}

function memory() {
  for (let i = 0; i < 4; i++) globalThis.gc()
  return process.memoryUsage()
}
