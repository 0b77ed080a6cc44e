// The table of the policies, and what was aimed at.
import { forRounds, Series } from '../rounds.js'
import { median, show, shuffled, table } from '../statistics.js'

/** The kinds of requests that somebody is measured on: only ours explains, so only ours is measured on what it can explain. */
export function kindsOf(name) {
  return isPeer(name) ? ['ok', 'missing'] : ['ok', 'missing', 'denied']
}

function isPeer(name) {
  return !/^(Sallyport|written by hand)/.test(name)
}

/** Measures everyone, in another order every round. A job is a name, a kind of request, and how to measure it. */
export async function measureAll(jobs, rounds) {
  const [ratios, microseconds] = [new Series(), new Series()]
  await forRounds(rounds, async () => {
    for (const { name, kind, measure } of shuffled(jobs)) {
      const measured = await measure()
      ratios.add(`${kind} ${name}`, measured.ratio)
      microseconds.add(`${kind} ${name}`, measured.microseconds)
    }
  })
  return { ratios, microseconds }
}

export function toTable({ ratios, microseconds }, names) {
  const head = ['', 'µs, ok', '÷ by hand, ok', '÷ by hand, missing', '÷ by hand, denied']
  const rows = names.map((name) => [
    name,
    show(microseconds.of(`ok ${name}`)),
    ...['ok', 'missing', 'denied'].map((kind) => show(ratios.of(`${kind} ${name}`))),
  ])
  return table(head, rows)
}

const ours = 'Sallyport, verdict'
const oursInEarnest = ['Sallyport, verdict, among other policies', 'Sallyport, verdict and remedy']
const explained = 'Sallyport, verdict, remedy and explanation'

/** Aims are judged by medians. */
export function toAims({ ratios }, names) {
  if (!([ours, ...oursInEarnest, explained].every((name) => names.includes(name)) && names.some(isPeer))) return ''
  const ratio = (name, kind) => median(ratios.of(`${kind} ${name}`))
  return table(
    ['aim', 'reached'],
    [
      ...[ours, ...oursInEarnest].flatMap((name) =>
        ['ok', 'missing'].map((kind) => atMost(5, ratio(name, kind), `${name}: at most 5 times the closure, ${kind}`)),
      ),
      ...['ok', 'missing'].map((kind) => {
        const factors = names.filter(isPeer).map((name) => ({ name, factor: ratio(name, kind) / ratio(ours, kind) }))
        return atLeast(5, factors, `every library at least 5 times ${ours}, ${kind}`)
      }),
      atMost(60, ratio(explained, 'denied'), 'a denial explained at most 60 times the closure'),
    ],
  )
}

function atMost(limit, reached, aim) {
  return [aim, reached <= limit ? show([reached]) : `**missed**: ${show([reached])}`]
}

/** Names all that are too near, or the nearest. */
function atLeast(limit, factors, aim) {
  const list = (nearest) => nearest.map(({ name, factor }) => `${show([factor])} (${name})`).join(', ')
  const sorted = factors.toSorted((a, b) => a.factor - b.factor)
  const tooNear = sorted.filter(({ factor }) => factor < limit)
  return [aim, tooNear.length === 0 ? list(sorted.slice(0, 1)) : `**missed**: ${list(tooNear)}`]
}
