// What is wrong with a document, each thing at its place: `policies.yaml:7:11: unknown operator …`. All of it is told at
// once, up to a bound.
import { ConfigurationError } from '../../errors.js'

/** Where something begins; lines and columns count from 1. */
export interface Place {
  readonly line: number
  readonly col: number
}

const greatestNumber = 10

/** A problem that knows its place better than who asked. Never leaves {@link Problems}. */
class Misplaced extends ConfigurationError {
  readonly at: number

  constructor(at: number, message: string) {
    super(message)
    this.at = at
  }
}

/** Says no to what stands at this offset. */
export function refuse(at: number, message: string): never {
  throw new Misplaced(at, message)
}

/** Gathers the problems of one document. */
export class Problems {
  readonly #fileName: string
  readonly #placeOf: (offset: number) => Place
  readonly #found: { readonly at: number; readonly message: string }[] = []

  constructor(fileName: string, placeOf: (offset: number) => Place) {
    this.#fileName = fileName
    this.#placeOf = placeOf
  }

  /** @param at - offset in the text */
  add(at: number, message: string): void {
    this.#found.push({ at, message })
  }

  /** Does something that may be refused, on behalf of what stands at this offset. */
  attempt<Result>(at: number, action: () => Result): Result | undefined {
    try {
      return action()
    } catch (error) {
      if (!(error instanceof ConfigurationError)) throw error
      this.add(error instanceof Misplaced ? error.at : at, error.message)
      return undefined
    }
  }

  /** @throws ConfigurationError with one line for each problem, in the order of the text */
  throwIfAny(): void {
    if (this.#found.length === 0) return
    const lines = this.#found
      .toSorted((a, b) => a.at - b.at)
      .slice(0, greatestNumber)
      .map(({ at, message }) => {
        const { line, col } = this.#placeOf(at)
        return `${this.#fileName}:${line}:${col}: ${message.replace(/\s*[\r\n]\s*/g, ' ')}`
      })
    const more = this.#found.length - lines.length
    throw new ConfigurationError([...lines, ...(more > 0 ? [`and ${more} more`] : [])].join('\n'))
  }
}
