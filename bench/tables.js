// The three tables, in Markdown. A figure is the median of the rounds, with the least and the greatest of them.
import { forRounds, Series } from './rounds.js'
import { show, shuffled, table } from './statistics.js'

/** What each contender costs next to the limit. */
export async function compareAll(laboratory, { algs, names, rounds }) {
  const raw = new Series()
  const ratios = new Series()
  const jobs = algs.flatMap((alg) => names.map((name) => ({ alg, name })))
  await forRounds(rounds, async () => {
    for (const { alg, name } of shuffled(jobs)) {
      const measured = await laboratory.measure(alg, [name])
      raw.add(alg, measured.raw)
      if (name in measured.microseconds) ratios.add(`${alg} ${name}`, measured.microseconds[name] / measured.raw)
    }
  })
  const limit = ['raw `crypto.verify`, in µs', ...algs.map((alg) => show(raw.of(alg)))]
  const rows = names.map((name) => [name, ...algs.map((alg) => show(ratios.of(`${alg} ${name}`)))])
  return titled('CPU time ÷ raw `crypto.verify` in the same process', ['', ...algs], [limit, ...rows])
}

/** A token seen before: ours beside the only other contender that remembers, in one process. */
export async function compareRemembered(laboratory, { algs, rounds }) {
  const [verifyToken, recall] = ['Sallyport, remembered, `verifyToken`', 'Sallyport, remembered, `recall`']
  const peer = 'fast-jwt, cache, always a hit'
  const series = new Series()
  await forRounds(rounds, async () => {
    for (const alg of shuffled(algs)) {
      const { microseconds } = await laboratory.measure(alg, [verifyToken, recall, peer])
      for (const [name, value] of Object.entries(microseconds)) series.add(`${alg} ${name}`, value)
      for (const name of [verifyToken, recall]) series.add(`${alg} ÷ ${name}`, microseconds[peer] / microseconds[name])
    }
  })
  const row = (label, key) => [label, ...algs.map((alg) => show(series.of(`${alg} ${key}`)))]
  const times = [recall, verifyToken, peer].map((name) => row(`${name}, in µs`, name))
  const factors = [recall, verifyToken].map((name) => row(`fast-jwt ÷ ${name}`, `÷ ${name}`))
  return titled('CPU time of a token seen before, all three in the same process', ['', ...algs], [...times, ...factors])
}

/** What remembering a token takes. */
export async function compareMemory(laboratory, { rounds }, count) {
  const names = ['Sallyport, seen once', 'Sallyport, seen twice', 'fast-jwt, cache']
  const [heap, whole] = [new Series(), new Series()]
  await laboratory.prepare('RS256', count, 'many')
  await forRounds(Math.min(rounds, 3), async () => {
    for (const name of shuffled(names)) {
      const bytes = await laboratory.remember('many', name)
      heap.add(name, bytes.heap)
      whole.add(name, bytes.whole)
    }
  })
  const rows = names.map((name) => [name, show(heap.of(name)), show(whole.of(name))])
  const title = `Bytes for each remembered token of 1,015 characters, RS256, ${count} of them`
  return titled(title, ['', 'heap', 'heap and external'], rows)
}

function titled(title, head, rows) {
  return `${title}\n\n${table(head, rows)}`
}
