// How busy the machine is that all of this runs on. A server that gets no turn answers late, whatever the client does: so a
// bound in milliseconds is held to the extent that a bare PING was answered in time.
import { connect } from 'node:net'
import { setTimeout as wait } from 'node:timers/promises'
import { onTestFinished } from 'vitest'
import type { RedisServer } from '../../fixtures/redis-servers.js'

/** A time in which some server answered no PING, in milliseconds of the stopwatch. */
interface Wait {
  readonly from: number
  readonly to: number
}

export interface Machine {
  /** The longest that a PING had to wait, in milliseconds. */
  slowest(): number
  /** Whether one had to wait for longer than a call may take, in that time. */
  wasSlow(from: number, to: number): boolean
}

const pauseMs = 10
const slowMs = 40

/** Asks some servers every few milliseconds until the end of the test: those that nothing will happen to. */
export async function watchMachine(servers: readonly RedisServer[]): Promise<Machine> {
  const waits: Wait[] = []
  const end = new AbortController()
  const asked = Promise.all(
    servers.map(async ({ port }) => {
      while (!end.signal.aborted) await ask(port, waits, end.signal) // a Sentinel ends every connection of whom it promotes
    }),
  )
  onTestFinished(async () => {
    end.abort()
    await asked
  })
  return {
    slowest: () => Math.max(0, ...waits.map(({ from, to }) => to - from)),
    wasSlow: (from, to) => waits.some((each) => each.to - each.from > slowMs && each.from < to && each.to > from),
  }
}

/** Asks as long as the connection lasts. */
async function ask(port: number, waits: Wait[], end: AbortSignal): Promise<void> {
  const socket = connect(port, '127.0.0.1').setNoDelay(true)
  const closed = new Promise((resolve) => socket.once('close', resolve))
  socket.on('error', () => undefined) // `close` follows
  const stop = (): void => void socket.destroy()
  end.addEventListener('abort', stop)
  for (let from = performance.now(); !socket.destroyed; ) {
    socket.write('PING\r\n')
    await Promise.race([new Promise((heard) => socket.once('data', heard)), closed])
    waits.push({ from, to: performance.now() })
    from = performance.now() + pauseMs // when the next one is due, and may begin to be late
    await wait(pauseMs)
  }
  end.removeEventListener('abort', stop)
}
