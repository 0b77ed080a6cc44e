// Ends a socket that may not stay, and says why: by the codes of RFC 6455 §7.4.1 where it is a WebSocket.

import { Logger } from '@nestjs/common'
import type { Denied } from '@sallyport/core'

const logger = new Logger('Sallyport')

/** The part of a WebSocket that is used. */
export interface ClosableSocket {
  close(code: number, reason: string): unknown
  once(event: 'close', listener: () => void): unknown
}

/** The part of a socket of socket.io that is used. */
export interface IoSocket {
  emit(event: string, value: unknown): unknown
  disconnect(close: boolean): unknown
  once(event: 'disconnect', listener: () => void): unknown
}

/** Calls back when it has ended by itself. */
export function onceEnded(socket: ClosableSocket | IoSocket, listener: () => void): void {
  if ('disconnect' in socket) socket.once('disconnect', listener)
  else socket.once('close', listener)
}

/** Ends it with the refusal; as going away, where there is none; and as a fault of ours, where there is an error. */
export function endSocket(socket: ClosableSocket | IoSocket, denied: Denied | undefined, error?: unknown): void {
  if (error !== undefined) logger.error(error)
  if ('disconnect' in socket) {
    if (denied !== undefined) socket.emit('exception', denied.body)
    socket.disconnect(true)
    return
  }
  if (denied === undefined) socket.close(error === undefined ? 1001 : 1011, '')
  else socket.close(denied.status === 503 ? 1013 : 1008, denied.code)
}
