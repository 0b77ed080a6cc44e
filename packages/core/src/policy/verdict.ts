// Three answers to a question, so that "I don't know" is never taken for a no: strong Kleene logic. As numbers, all is the
// least, any the greatest, and not the opposite.

/** True, undetermined, or false. */
export type Verdict = 1 | 0 | -1

export const isTrue = 1
export const isUndetermined = 0
export const isFalse = -1

export type Check<Facts> = (facts: Facts) => Verdict

/** True if all are; false as soon as one is. */
export function every<Facts>(checks: readonly Check<Facts>[]): Check<Facts> {
  const [a, b, c] = checks as readonly [Check<Facts>, Check<Facts>, Check<Facts>]
  if (checks.length === 1) return a
  if (checks.length === 2) {
    return (facts) => {
      const first = a(facts)
      return first === isFalse ? isFalse : least(first, b(facts))
    }
  }
  if (checks.length === 3) {
    return (facts) => {
      const first = a(facts)
      if (first === isFalse) return isFalse
      const second = b(facts)
      return second === isFalse ? isFalse : least(least(first, second), c(facts))
    }
  }
  return (facts) => {
    let verdict: Verdict = isTrue
    for (const check of checks) {
      verdict = least(verdict, check(facts))
      if (verdict === isFalse) return isFalse
    }
    return verdict
  }
}

/** True as soon as one is; false if all are. */
export function some<Facts>(checks: readonly Check<Facts>[]): Check<Facts> {
  const [a, b] = checks as readonly [Check<Facts>, Check<Facts>]
  if (checks.length === 1) return a
  if (checks.length === 2) {
    return (facts) => {
      const first = a(facts)
      return first === isTrue ? isTrue : greatest(first, b(facts))
    }
  }
  return (facts) => {
    let verdict: Verdict = isFalse
    for (const check of checks) {
      verdict = greatest(verdict, check(facts))
      if (verdict === isTrue) return isTrue
    }
    return verdict
  }
}

/** True if so many are; false if so many cannot be, whatever the undetermined ones are. */
export function atLeastOf<Facts>(count: number, checks: readonly Check<Facts>[]): Check<Facts> {
  return (facts) => {
    let certain = 0
    let possible = 0
    for (const check of checks) {
      const verdict = check(facts)
      if (verdict === isTrue) certain += 1
      if (verdict !== isFalse) possible += 1
    }
    return certain >= count ? isTrue : possible < count ? isFalse : isUndetermined
  }
}

/** What is undetermined stays so. */
export function opposite<Facts>(check: Check<Facts>): Check<Facts> {
  return (facts) => (check(facts) * -1 || 0) as Verdict // no minus zero
}

function least(a: Verdict, b: Verdict): Verdict {
  return a < b ? a : b
}

function greatest(a: Verdict, b: Verdict): Verdict {
  return a > b ? a : b
}
