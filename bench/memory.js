// One process of the benchmark: bytes that a remembered token keeps alive. Prints JSON. Needs --expose-gc. Arguments: the
// file with key and tokens, and the name of what remembers.
import { readFile } from 'node:fs/promises'
import { fastJwtWith, sallyport } from './contenders.js'

const [file, name] = process.argv.slice(2)
const { key, tokens } = JSON.parse(await readFile(file, 'utf8'))
const inBytes = tokens.map((token) => Buffer.from(token, 'latin1'))

const rememberers = {
  'Sallyport, seen once': (buffers) => seen(1, buffers),
  'Sallyport, seen twice': (buffers) => seen(2, buffers),
  'fast-jwt, cache': (buffers) => {
    const verify = fastJwtWith(key.alg, key.publicPem, buffers.length)
    for (const token of fresh(buffers)) verify(token)
    return verify
  },
}

async function seen(times, buffers) {
  const verifier = sallyport(key, { tokenCacheBytes: 2 ** 32 })
  for (let i = 0; i < times; i++) for (const token of fresh(buffers)) await verifier.verifyToken(token)
  return verifier
}

/** The tokens as new strings. Their bytes were read before, and don't count. */
function* fresh(buffers) {
  for (const bytes of buffers) yield bytes.latin1Slice(0, bytes.length)
}

function memory() {
  for (let i = 0; i < 4; i++) globalThis.gc()
  return process.memoryUsage()
}

await rememberers[name](inBytes.slice(0, 50)) // what is loaded and compiled on first use doesn't count
const before = memory()
const alive = await rememberers[name](inBytes)
const after = memory()
const heap = after.heapUsed - before.heapUsed
const external = after.external - before.external
const perToken = (bytes) => bytes / inBytes.length
console.log(JSON.stringify({ heap: perToken(heap), whole: perToken(heap + external), isAlive: alive !== undefined }))
