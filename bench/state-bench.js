// What it costs to look a token up among a million revocations, and what they take. README.md says how to read it.
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { PinnedNode } from './pinned-node.js'
import { forRounds, load, Series } from './rounds.js'
import { contenders } from './state/contenders.js'
import { show, shuffled, table } from './statistics.js'

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '3' },
    revocations: { type: 'string', default: '1000000' },
    'look-ups': { type: 'string', default: '1000000' },
    only: { type: 'string', default: '' },
  },
})

/** A figure of one process, what it is called, and what it is divided by. */
const rows = [
  ['look-up, clean, nothing revoked since the last, in ns', 'unchanged'],
  ['look-up, clean, something revoked since the last, in ns', 'changed'],
  ['the same, of 1,000 tokens, in ns', 'changedOfFew'],
  ['look-up, revoked, in ns', 'revoked'],
  ['look-up, seen for the first time, in µs', 'first', 1_000],
  ['the same ÷ `crypto.verify`, RS256', 'firstShare'],
  ['taken for revoked and not, in a million ids', 'falsePositives', 1e-6],
  ['put in, in ns', 'put'],
  ['bytes of what it holds in flat memory, in MB', 'flat', 1e6],
  ['bytes in all, in MB', 'bytes', 1e6],
  ['sweep, half of it past, in ms', 'sweep'],
  ['the longest part of it, in ms', 'longestPart'],
  ['a region marked unread, in ms', 'markUnread'],
]

const measureProgram = fileURLToPath(new URL('state/measure.js', import.meta.url))
const names = Object.keys(contenders).filter((name) => name.includes(values.only))
const node = new PinnedNode()
const measured = new Series()

console.log(`Node ${process.versions.node}, ${values.rounds} rounds, ${load()}\n`)
await forRounds(Number(values.rounds), async () => {
  for (const name of shuffled(names)) {
    const figures = await node.run('--expose-gc', measureProgram, name, values.revocations, values['look-ups'])
    figures.firstShare = figures.first / figures.rs256
    for (const [key, value] of Object.entries(figures)) measured.add(`${name} ${key}`, value)
    measured.add('rs256', figures.rs256 / 1_000)
  }
})
console.log(
  `${values.revocations} revocations; \`crypto.verify\` of RS256 in the same processes: ${show(measured.of('rs256'))} µs\n`,
)
console.log(
  table(
    ['', ...names],
    rows.map(([label, key, unit = 1]) => [
      label,
      ...names.map((name) => show(measured.of(`${name} ${key}`).map((value) => value / unit))),
    ]),
  ),
)
console.log(`\n${load()} at the end`)
