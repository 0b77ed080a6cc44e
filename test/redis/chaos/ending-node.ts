// A process that serves, until it is told to end. It ends by itself: what is left of it keeps it alive, and is seen so.
import { createVerifier, VerificationError } from '@sallyport/core'
import { createRedisState, type RedisConnection } from '@sallyport/redis'

/** What the process is told. */
export interface EndingOrder {
  readonly regions: Readonly<Record<string, RedisConnection>>
  readonly home: string
  readonly issuer: string
  readonly audience: string
  readonly token: string
}

/** What it says at its end. */
export interface EndingReport {
  /** Uses that had begun when it was told to end. */
  readonly underWay: number
  /** Of those, how many were answered: as used, or as an outage. */
  readonly answered: number
  readonly milliseconds: number
}

function serve({ regions, home, issuer, audience, token }: EndingOrder): void {
  const state = createRedisState({ regions, home, secret: 'a secret of the tests, and of 32 bytes or more' })
  const verifier = createVerifier({ issuer, audience, state })
  const underWay = new Set<Promise<void>>()
  let count = 0
  let answered = 0
  const one = async (): Promise<void> => {
    count += 1
    const use = { kind: 'dpop', by: 'a thumbprint', id: `${process.pid} ${count}` }
    try {
      await verifier.verifyToken(token).catch(requireOutage)
      await state.replays.useOnce(use, Date.now() / 1000 + 60).catch(requireOutage)
      if (count % 10 === 0) await state.revoke({ jti: use.id }).catch(requireOutage)
    } finally {
      answered += 1
    }
  }
  const load = setInterval(() => {
    const flight = one().finally(() => underWay.delete(flight))
    underWay.add(flight)
    if (count === 50) process.send?.('serving')
  }, 5)
  process.once('SIGTERM', async () => {
    const began = performance.now()
    clearInterval(load)
    const before = { underWay: underWay.size, answered }
    await verifier.close()
    await state.close()
    await Promise.all(underWay)
    const report: EndingReport = {
      underWay: before.underWay,
      answered: answered - before.answered,
      milliseconds: performance.now() - began,
    }
    process.send?.(report, () => process.disconnect())
  })
}

const outages: ReadonlySet<string> = new Set(['state_unavailable', 'keys_unavailable'])

function requireOutage(error: unknown): void {
  if (!(error instanceof VerificationError && outages.has(error.code))) throw error
}

process.once('message', serve)
process.send?.('here')
