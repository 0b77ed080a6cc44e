// Values on an operator's screen: text from outside steers no terminal, cannot pass for ours, and is bounded.

/** A date of RFC 3339. @param seconds - since the epoch */
export function date(seconds: number): string {
  const milliseconds = seconds * 1000
  return Math.abs(milliseconds) <= 8.64e15 ? new Date(milliseconds).toISOString() : 'no date'
}

/** Each of them quoted. */
export function list(items: Iterable<string>): string {
  return [...items].map(show).join(', ')
}

/** Text from outside steers no terminal. */
export function printable(text: string): string {
  return text.replace(/[^\x20-\x7e]/g, toEscape)
}

function toEscape(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`
}

/** Text of a token on an operator's screen: quoted, so that it cannot pass for ours, and bounded. */
export function show(value: unknown): string {
  const text = value === undefined ? '(none)' : printable(JSON.stringify(value))
  return text.length <= 300 ? text : `${text.slice(0, 300)}…`
}
