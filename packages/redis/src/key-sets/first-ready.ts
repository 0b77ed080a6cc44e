// The first connection, waited for once and not for ever: processes that start together are a fleet only when they are
// connected.
import type { RedisPort } from '../port/redis-port.js'

/**
 * Resolves when a port is ready for the first time, and after so many seconds at all events.
 *
 * @param ended - nobody connects any more, so nobody waits
 */
export function firstReady(port: RedisPort, seconds: number, ended?: AbortSignal): Promise<void> {
  if (port.isConnected || ended?.aborted === true) return Promise.resolve()
  return new Promise((resolve) => {
    const timer = setTimeout(end, seconds * 1000)
    timer.unref()
    const forget = port.onReady(end)
    ended?.addEventListener('abort', end, { once: true })
    function end(): void {
      clearTimeout(timer)
      ended?.removeEventListener('abort', end)
      forget()
      resolve()
    }
  })
}
