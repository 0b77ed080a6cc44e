// One of each: all ways to choose, or, where they are too many, a sample of them that is the same on every run.

/** Ways to choose. */
export interface Combinations<Item> {
  readonly all: readonly (readonly Item[])[]
  readonly areComplete: boolean
}

/** Chooses one item of each list, in every way, if there are no more ways than `limit`. */
export function combinationsOf<Item>(lists: readonly (readonly Item[])[], limit: number): Combinations<Item> {
  const total = lists.reduce((product, { length }) => product * length, 1)
  const random = createRandom()
  const areComplete = total <= limit
  const all = Array.from({ length: areComplete ? total : Math.min(limit, sampleSize) }, (_, index) => {
    const choose = areComplete ? digitsOf(index) : mostlyFirst(random)
    return lists.map((list) => list[choose(list.length)] as Item)
  })
  return { all, areComplete }
}

/** More would cost more than it finds. */
const sampleSize = 4_000

/** Chooses one of so many. */
type Choose = (count: number) => number

/** Counts through all choices, the first of them the fastest. */
function digitsOf(index: number): Choose {
  let rest = index
  return (count) => {
    const digit = rest % count
    rest = Math.floor(rest / count)
    return digit
  }
}

/** The first are what policies ask for: of many parts, hardly anybody would ever pass otherwise. */
function mostlyFirst(random: Choose): Choose {
  return (count) => (random(4) > 0 ? 0 : random(count))
}

/** The same numbers on every run (a linear congruential generator, after Numerical Recipes). */
function createRandom(): Choose {
  let state = 1
  return (count) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return Math.floor((state / 2 ** 32) * count)
  }
}
