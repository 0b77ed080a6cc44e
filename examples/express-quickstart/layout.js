// Two columns on a terminal 100 characters wide, in colour where that is wanted.
const width = 100
const leftWidth = 54
const rightWidth = width - leftWidth - 3
const labelWidth = 10

const isColourful = process.stdout.isTTY === true && !process.env.NO_COLOR
const colour = (code) => (text) => (isColourful ? `\x1b[${code}m${text}\x1b[0m` : text)
const plain = (text) => text

export const bold = colour(1)
export const good = colour(32)
export const poor = colour(31)
const dim = colour(2)

/** A rule across the screen, with a title in it and a remark at its end. */
export function heading(title, remark, style) {
  const rule = '─'.repeat(Math.max(0, width - title.length - remark.length - 8))
  return `${dim('──')} ${bold(title)} ${dim(rule)} ${style(remark)} ${dim('──')}`
}

/** Two lists of paragraphs side by side; a paragraph is `{ text, label?, style? }`. */
export function columns(left, right) {
  const leftLines = left.flatMap((paragraph) => wrap(paragraph, leftWidth))
  const rightLines = right.flatMap((paragraph) => wrap(paragraph, rightWidth))
  const rows = Array.from({ length: Math.max(leftLines.length, rightLines.length) }, (_, row) => {
    const { text = '', style = plain } = leftLines[row] ?? {}
    const beside = rightLines[row] ?? { text: '' }
    return `${style(text.padEnd(leftWidth))} ${dim('│')} ${(beside.style ?? plain)(beside.text)}`.trimEnd()
  })
  return rows.join('\n')
}

/** Breaks a paragraph at spaces, a word too long for a line anywhere. All lines after the first are indented. */
function wrap({ text, label = '', style }, columns) {
  const indent = label === '' ? 2 : labelWidth
  const room = columns - indent
  const lines = text.match(new RegExp(`.{1,${room}}(?= |$)|.{1,${room}}`, 'g')) ?? ['']
  return lines.map((line, index) => {
    const margin = index === 0 ? label.padEnd(label === '' ? 0 : labelWidth) : ' '.repeat(indent)
    return { text: margin + line.trim(), style }
  })
}
