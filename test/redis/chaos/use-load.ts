// Uses of this and that, one after another as fast as a busy API makes them, and what came of each.
import { randomUUID } from 'node:crypto'
import { type SingleUse, type State, VerificationError } from '@sallyport/core'
import { onTestFinished } from 'vitest'

/** What came of one use. */
export interface UseResult {
  readonly use: SingleUse
  /** When it was begun, in milliseconds of the stopwatch. */
  readonly at: number
  readonly milliseconds: number
  readonly outcome: 'first' | 'replay' | 'unavailable'
  /** Why nobody could tell. */
  readonly reason?: string
}

export interface UseLoad {
  readonly results: readonly UseResult[]
  /** Resolves with every result once nothing is under way any more. */
  stop(): Promise<readonly UseResult[]>
}

const until = () => Date.now() / 1000 + 300

/** Uses something once. An error that is none of ours is thrown. */
export async function use(node: State, thing: SingleUse): Promise<UseResult> {
  const at = performance.now()
  const done = (outcome: UseResult['outcome']) => ({ use: thing, at, milliseconds: performance.now() - at, outcome })
  try {
    return done((await node.replays.useOnce(thing, until())) ? 'first' : 'replay')
  } catch (error) {
    if (error instanceof VerificationError && error.code === 'state_unavailable')
      return { ...done('unavailable'), reason: String(error.cause) }
    throw error
  }
}

/** Something that nobody has used. */
export function newThing(): SingleUse {
  return { kind: 'dpop', by: 'a thumbprint', at: 'api.example.com', id: randomUUID() }
}

/** Begins one use every few milliseconds, whatever became of those before. */
export function startLoad(node: State, everyMs: number, next: () => SingleUse = newThing): UseLoad {
  const results: UseResult[] = []
  const underWay = new Set<Promise<void>>()
  const failures: unknown[] = []
  const timer = setInterval(() => {
    const one = use(node, next())
      .then(
        (result) => void results.push(result),
        (error: unknown) => void failures.push(error),
      )
      .finally(() => underWay.delete(one))
    underWay.add(one)
  }, everyMs)
  onTestFinished(() => clearInterval(timer))
  return {
    results,
    async stop() {
      clearInterval(timer)
      await Promise.all(underWay)
      if (failures.length > 0) throw failures[0]
      return results
    },
  }
}

/** The longest time between two answers that a load got, from a moment on: how long it was without. */
export function longestGap(results: readonly UseResult[], from: number): number {
  const answered = results
    .filter(({ outcome }) => outcome !== 'unavailable')
    .map(({ at, milliseconds }) => at + milliseconds)
  const times = [from, ...answered.filter((time) => time > from).sort((one, other) => one - other)]
  return Math.max(...times.slice(1).map((time, i) => time - (times[i] as number)))
}

export function longestCall(results: readonly UseResult[]): number {
  return Math.max(...results.map(({ milliseconds }) => milliseconds))
}
