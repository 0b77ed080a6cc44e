// Everything is measured more than once, and remembered by name.
import { loadavg } from 'node:os'

/** Measured values by name. */
export class Series {
  #values = new Map()

  add(name, value) {
    this.#values.set(name, [...this.of(name), value])
  }

  of(name) {
    return this.#values.get(name) ?? []
  }
}

export async function forRounds(rounds, measure) {
  for (let round = 1; round <= rounds; round++) {
    await measure()
    process.stderr.write(`round ${round} of ${rounds}\n`)
  }
}

/** How busy the machine is, with us or with others. */
export function load() {
  return `load ${loadavg()[0].toFixed(1)}`
}
