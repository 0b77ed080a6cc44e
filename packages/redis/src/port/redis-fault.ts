// What can go wrong with a command, told apart by the one question that counts: may it be sent again as it is?

/** What kind of fault. The words of the server, where it was the server that spoke. */
export type FaultKind =
  | 'offline' // there is no connection, or the breaker is open
  | 'deadline' // no answer in time
  | 'disconnected' // the connection ended with the command under way
  | 'refused' // the server said no, and did nothing

/** A command that was not answered as it should be. The message names the command and the key's purpose, never a value. */
export class RedisFault extends Error {
  override readonly name = 'RedisFault'
  readonly kind: FaultKind
  /** The first word of what the server said: `READONLY`, `OOM`, `NOPERM`, `WRONGTYPE`, …; absent where it said nothing. */
  readonly reply: string | undefined
  /** Whether it is certain that nothing was done; otherwise nobody knows. */
  readonly isUndone: boolean

  constructor(kind: FaultKind, message: string, details: { reply?: string; isUndone: boolean; cause?: unknown }) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause })
    this.kind = kind
    this.reply = details.reply
    this.isUndone = details.isUndone
  }
}
