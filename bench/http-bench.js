// What a request costs behind a guard, with the peers side by side in the same run. README.md says how to read it.
import { fileURLToPath, pathToFileURL } from 'node:url'
import { parseArgs } from 'node:util'
import { HttpLaboratory } from './http/measure.js'
import { measureAll, toAims, toComparison, toTables } from './http/tables.js'
import { load } from './rounds.js'

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '5' },
    seconds: { type: 'string', default: '4' },
    connections: { type: 'string', default: '64' },
    only: { type: 'string', default: '' },
    contenders: { type: 'string', default: fileURLToPath(new URL('http/contenders.js', import.meta.url)) },
  },
})

const { contenders: found, aims } = await import(pathToFileURL(values.contenders).href)
const parts = values.only.split('|')
const contenders = found.filter(({ group, name }) => parts.some((part) => `${group}: ${name}`.includes(part)))
const rounds = Number(values.rounds)

const laboratory = new HttpLaboratory()
try {
  await laboratory.open({ milliseconds: 1_000 * Number(values.seconds), connections: Number(values.connections) })
  console.log(`Node ${process.versions.node}, OpenSSL ${process.versions.openssl}, ${rounds} rounds, ${load()}\n`)
  const measured = await measureAll(laboratory, contenders, rounds)
  console.log(toTables(measured, contenders))
  console.log(`\n${toComparison(measured, contenders)}`)
  console.log(`\n${toAims(measured, aims)}`)
  console.log(`\n${load()} at the end`)
} finally {
  await laboratory.close()
}
