// One question to a server that we are not connected to, and have nothing else to ask.
import { ClientClosedError, ConnectionTimeoutError } from 'redis'
import type { Client } from './client-settings.js'
import type { Reply } from './redis-port.js'

/**
 * Connects, asks, and leaves.
 *
 * @param ended - nobody wants to know any more
 * @throws what the client throws
 */
export async function askOnce(
  open: (ended: AbortSignal) => Client,
  command: readonly string[],
  seconds: number,
  ended: AbortSignal,
): Promise<Reply> {
  const over = new AbortController()
  let stop: (cause: Error) => void = () => {}
  const stopped = new Promise<never>((_, reject) => {
    stop = reject
  })
  const timer = setTimeout(() => stop(new ConnectionTimeoutError()), seconds * 1000)
  const onEnded = (): void => stop(new ClientClosedError())
  ended.addEventListener('abort', onEnded)
  if (ended.aborted) onEnded()
  const client = open(over.signal)
  // It is told by connect(), too; without a listener it would end the process.
  client.on('error', () => {})
  try {
    await Promise.race([client.connect(), stopped])
    return await Promise.race([client.sendCommand<Reply>(command), stopped])
  } finally {
    clearTimeout(timer)
    ended.removeEventListener('abort', onEnded)
    client.destroy()
    over.abort()
  }
}
