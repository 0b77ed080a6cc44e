// What a policy costs, with the peers side by side in the same run. README.md says how to read it.
import { fileURLToPath, pathToFileURL } from 'node:url'
import { parseArgs } from 'node:util'
import { PinnedNode } from './pinned-node.js'
import { kindsOf, measureAll, toAims, toTable } from './policy/tables.js'
import { load } from './rounds.js'

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '5' },
    ms: { type: 'string', default: '100' },
    only: { type: 'string', default: '' },
    contenders: { type: 'string', default: fileURLToPath(new URL('policy/contenders.js', import.meta.url)) },
  },
})

const measureProgram = fileURLToPath(new URL('policy/measure.js', import.meta.url))
const modulePath = pathToFileURL(values.contenders).href
const { contenders } = await import(modulePath)
const parts = values.only.split('|')
const names = Object.keys(contenders).filter((name) => parts.some((part) => name.includes(part)))
const rounds = Number(values.rounds)

const node = new PinnedNode()
const jobs = names.flatMap((name) =>
  kindsOf(name).map((kind) => ({
    name,
    kind,
    measure: () => node.run(measureProgram, modulePath, name, kind, values.ms),
  })),
)
console.log(`Node ${process.versions.node}, ${rounds} rounds, ${load()}\n`)
const measured = await measureAll(jobs, rounds)
console.log(toTable(measured, names))
console.log(`\n${toAims(measured, names)}`)
console.log(`\n${load()} at the end`)
