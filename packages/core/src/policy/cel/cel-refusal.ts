// Why a text is no policy, and where. `cel.ts` turns the place into a line and a column.
import { ConfigurationError } from '../../errors.js'

/** What is wrong at a place of the text: one lower-case sentence. */
export class Refusal extends Error {
  readonly at: number

  constructor(at: number, sentence: string) {
    super(sentence)
    this.at = at
  }
}

/** A word of the text, so that it stays on the line and leaves room for what is said of it. */
export function quote(word: string): string {
  return `\`${word.replace(/\p{Cc}/gu, '\ufffd').slice(0, 40)}${word.length > 40 ? '…' : ''}\``
}

/** Lets the policy words judge what stands at a place. */
export function judgedAt<Answer>(at: number, word: () => Answer): Answer {
  try {
    return word()
  } catch (error) {
    throw error instanceof ConfigurationError ? new Refusal(at, error.message) : error
  }
}

/** A refusal for whoever wrote the text. */
export function toConfigurationError(text: string, { at, message }: Refusal): ConfigurationError {
  const lines = text.slice(0, at).split(/\r\n|\r|\n/)
  const column = [...(lines.at(-1) as string)].length + 1
  return new ConfigurationError(`cel, line ${lines.length}, column ${column}: ${message}`)
}
