// One process of the benchmark: the CPU time of one or more contenders, and of the primitive before and after them. Prints
// JSON. Arguments: the module of the contenders, the file with key and tokens, milliseconds each, and names.
import { createPublicKey, createSecretKey } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { raw } from './by-hand.js'
import { CpuWatch } from './cpu-watch.js'
import { shuffled } from './statistics.js'

const [modulePath, file, milliseconds, ...names] = process.argv.slice(2)
const { contenders } = await import(modulePath)
const { key, tokens, badTokens } = JSON.parse(await readFile(file, 'utf8'))
const budget = 1_000 * Number(milliseconds)
const keyObject = key.secret === undefined ? createPublicKey(key.publicPem) : createSecretKey(key.secret, 'base64url')
const rawVerify = raw(key, keyObject, tokens)
const inBytes = tokens.map((token) => Buffer.from(token, 'latin1'))

const verifiers = new Map()
for (const name of names) {
  const verify = await contenders[name](key, tokens)
  if (verify === undefined) continue
  verifiers.set(name, verify)
  await requireRefusals(name, verify)
  await warmUp(verify)
}
spend(rawVerify)

const before = spend(rawVerify)
const microseconds = {}
for (const name of shuffled([...verifiers.keys()])) microseconds[name] = await spendOn(verifiers.get(name))
const after = spend(rawVerify)
console.log(JSON.stringify({ raw: (before + after) / 2, microseconds }))

/** A wrong answer has no speed. */
async function requireRefusals(name, verify) {
  for (const [kind, token] of Object.entries(badTokens)) {
    if (await accepts(verify, token)) throw new Error(`${name} accepted a token ${kind}`)
  }
}

async function accepts(verify, token) {
  try {
    return Boolean(await verify(token))
  } catch {
    return false
  }
}

/** Until it was called 20,000 times, which V8 needs to have optimized a slow library too, or eight times its budget is spent. */
async function warmUp(verify) {
  const watch = new CpuWatch()
  for (let i = 0; i < 20 && watch.microseconds < 8 * budget; i++) await spendOn(verify, 1_000)
}

/** A token arrives as a new string, as from a socket: its hash was never computed, and nobody else holds it. */
function freshToken(i) {
  return inBytes[i].latin1Slice(0, inBytes[i].length)
}

/** Microseconds a call. */
function spendOn(verify, limit) {
  const isAsync = verify(freshToken(0)) instanceof Promise
  return isAsync ? spendAsync(verify, limit) : spend((i) => verify(freshToken(i)), limit)
}

function spend(operation, limit = Number.POSITIVE_INFINITY) {
  const watch = new CpuWatch()
  let calls = 0
  let passed = 0
  do {
    for (let i = 0; i < 100; i++) if (operation((calls + i) % tokens.length)) passed += 1
    calls += 100
  } while (calls < limit && watch.microseconds < budget)
  return perCall(watch, calls, passed)
}

async function spendAsync(verify, limit = Number.POSITIVE_INFINITY) {
  const watch = new CpuWatch()
  let calls = 0
  let passed = 0
  do {
    for (let i = 0; i < 100; i++) if (await verify(freshToken((calls + i) % tokens.length))) passed += 1
    calls += 100
  } while (calls < limit && watch.microseconds < budget)
  return perCall(watch, calls, passed)
}

function perCall({ microseconds }, calls, passed) {
  if (passed !== calls) throw new Error(`${calls - passed} of ${calls} good tokens were refused`)
  return microseconds / calls
}
