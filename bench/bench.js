// What a verification costs, with the peers side by side in the same run. README.md says how to read it.
import { fileURLToPath, pathToFileURL } from 'node:url'
import { parseArgs } from 'node:util'
import { Laboratory } from './laboratory.js'
import { load } from './rounds.js'
import { compareAll, compareMemory, compareRemembered } from './tables.js'
import { algorithms } from './tokens.js'

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '5' },
    ms: { type: 'string', default: '300' },
    algs: { type: 'string', default: Object.keys(algorithms).join() },
    only: { type: 'string', default: '' },
    tokens: { type: 'string', default: '20000' },
    contenders: { type: 'string', default: fileURLToPath(new URL('contenders.js', import.meta.url)) },
  },
})

const contenders = pathToFileURL(values.contenders)
const { contenders: found } = await import(contenders)
const parts = values.only.split('|')
const names = Object.keys(found).filter((name) => parts.some((part) => name.includes(part)))
const run = { names, algs: values.algs.split(','), rounds: Number(values.rounds) }

const laboratory = new Laboratory({ contenders, milliseconds: Number(values.ms) })
console.log(`Node ${process.versions.node}, OpenSSL ${process.versions.openssl}, ${run.rounds} rounds, ${load()}\n`)
for (const alg of run.algs) await laboratory.prepare(alg, 1_000)
console.log(await compareAll(laboratory, run))
if (values.only === '') {
  console.log(`\n${await compareRemembered(laboratory, run)}`)
  console.log(`\n${await compareMemory(laboratory, run, Number(values.tokens))}`)
}
console.log(`\n${load()} at the end`)
