// What is done with the figures once they are measured.

/** The same in another order, so that no contender always runs after the same neighbour. */
export function shuffled(values) {
  const result = [...values]
  for (let i = result.length - 1; i > 0; i--) {
    const j = Math.floor(Math.random() * (i + 1))
    ;[result[i], result[j]] = [result[j], result[i]]
  }
  return result
}

const figures = new Intl.NumberFormat('en', { minimumSignificantDigits: 3, maximumSignificantDigits: 3 })

/** The value that so many in a hundred do not exceed. */
export function percentile(values, hundredths) {
  const sorted = [...values].sort((a, b) => a - b)
  return sorted[Math.max(0, Math.ceil((sorted.length * hundredths) / 100) - 1)] ?? Number.NaN
}

/** `1.24 (1.21–1.30)`: the median, and between which bounds all values lie. */
export function show(values) {
  if (values.length === 0) return '–'
  const sorted = [...values].sort((a, b) => a - b)
  const [least, middle, greatest] = [sorted[0], median(sorted), sorted.at(-1)].map((value) => figures.format(value))
  return values.length === 1 ? middle : `${middle} (${least}–${greatest})`
}

export function median(values) {
  const sorted = [...values].sort((a, b) => a - b)
  const middle = sorted.length >> 1
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2
}

/** A table in Markdown. */
export function table(head, rows) {
  const line = (cells) => `| ${cells.join(' | ')} |`
  return [line(head), line(head.map((_, index) => (index === 0 ? '---' : '---:'))), ...rows.map(line)].join('\n')
}
