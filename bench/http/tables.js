// The tables, in Markdown. A figure is the median of the rounds, with the least and the greatest of them; whatever is
// compared was measured in the same round.
import { forRounds, Series } from '../rounds.js'
import { median, show, shuffled, table } from '../statistics.js'

const workloads = { hot: 'hot: 1,000 tokens, again and again', cold: 'cold: every token for the first time' }
const ours = 'Sallyport'

/** Measures everyone, in another order every round. */
export async function measureAll(laboratory, contenders, rounds) {
  const series = new Series()
  await forRounds(rounds, async () => {
    for (const contender of shuffled(contenders)) {
      const measured = await laboratory.measure(contender)
      for (const [workload, figures] of Object.entries(measured)) series.add(keyOf(workload, contender), figures)
    }
  })
  return series
}

/** What a request costs, one table for each workload. */
export function toTables(series, contenders) {
  const titled = Object.entries(workloads).map(([workload, title]) => {
    const rows = contenders.map((contender) => {
      const figures = series.of(keyOf(workload, contender))
      return [
        labelOf(contender),
        show(figures.map(({ microseconds }) => microseconds)),
        show(ratios(series, workload, { ...contender, name: 'bare' }, contender)),
        show(figures.map(({ perSecond }) => perSecond)),
        show(figures.map(({ busy }) => busy)),
      ]
    })
    return `${title}\n\n${table(['', 'CPU µs a request', 'bare ÷ this', 'requests a second', 'of one core'], rows)}`
  })
  return titled.join('\n\n')
}

/** How much less a request costs behind ours than behind the others. */
export function toComparison(series, contenders) {
  const rows = contenders.flatMap((contender) => {
    if (contender.name === ours || series.of(keyOf('hot', { ...contender, name: ours })).length === 0) return []
    const factors = Object.keys(workloads).map((name) => ratios(series, name, contender, { ...contender, name: ours }))
    return [[`${labelOf(contender)} ÷ ${ours}`, ...factors.map(show)]]
  })
  return table(['', ...Object.keys(workloads)], rows)
}

/** What was aimed at. Judged by medians, where all who are named were measured. */
export function toAims(series, aims) {
  const rows = aims.flatMap(({ group, other, workload, least }) => {
    const factors = ratios(series, workload, { group, name: other }, { group, name: ours })
    if (factors.length === 0) return []
    const reached = show(factors)
    const aim = `${group}, ${workload}: ${other} ÷ ${ours} at least ${least}`
    return [[aim, median(factors) >= least ? reached : `**missed**: ${reached}`]]
  })
  return table(['aim', 'reached'], rows)
}

/** Round by round: how many times as much the first costs as the second. Empty where one of them was not measured. */
function ratios(series, workload, first, second) {
  const [dividends, divisors] = [first, second].map((contender) => series.of(keyOf(workload, contender)))
  if (divisors.length === 0) return []
  return dividends.map(({ microseconds }, round) => microseconds / divisors[round].microseconds)
}

function keyOf(workload, contender) {
  return `${workload} ${labelOf(contender)}`
}

function labelOf({ group, name }) {
  return `${group}: ${name}`
}
