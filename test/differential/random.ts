// Chance that can be had again: the same seed makes the same choices.

/** The seed of a run. To try another: `SEED=7 npx vitest run test/differential`. */
export const seed: number = Number(process.env['SEED'] ?? 20_261_123)

/** Choices out of one seed (mulberry32). */
export interface Random {
  /** A whole number from 0 to below `end`. */
  below(end: number): number
  pick<Item>(items: readonly Item[]): Item
  bytes(length: number): Buffer
}

export function createRandom(start: number): Random {
  let state = start | 0
  const next = (): number => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
  const below = (end: number): number => Math.floor(next() * end)
  return {
    below,
    pick: <Item>(items: readonly Item[]): Item => items[below(items.length)] as Item,
    bytes: (length) => Buffer.from(Array.from({ length }, () => below(256))),
  }
}
