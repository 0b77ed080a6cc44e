// Asks several who should know the same, because one that was cut off from the others goes on telling what was true before.

/**
 * What most of them say: as soon as more than half of all agree, and otherwise when all have answered or failed.
 *
 * @param nameOf - the same text for two answers that say the same
 * @throws the first failure that `isTelling`, or else the first, where nobody answers
 */
export function mostSaid<T>(
  asked: readonly Promise<T>[],
  nameOf: (answer: T) => string,
  isTelling: (failure: unknown) => boolean,
): Promise<T> {
  return new Promise((resolve, reject) => {
    const votes = new Map<string, { readonly answer: T; count: number }>()
    const failures: unknown[] = []
    let open = asked.length
    const close = (): void => {
      open -= 1
      const best = [...votes.values()].reduce<{ answer: T; count: number } | undefined>(
        (most, each) => (most === undefined || each.count > most.count ? each : most),
        undefined,
      )
      if (best !== undefined && (open === 0 || best.count > asked.length / 2)) resolve(best.answer)
      else if (open === 0) reject(failures.find(isTelling) ?? failures[0])
    }
    for (const each of asked) {
      each.then(
        (answer) => {
          const vote = votes.get(nameOf(answer)) ?? { answer, count: 0 }
          vote.count += 1
          votes.set(nameOf(answer), vote)
          close()
        },
        (failure) => {
          failures.push(failure)
          close()
        },
      )
    }
  })
}
