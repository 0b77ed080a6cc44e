// Texts that say when they were made, and that nobody else could have made: an HMAC over a time (RFC 2104). Whoever knows
// the secret can tell, so nothing has to be remembered, and a fleet needs no more than to share it.
import { createHmac, hkdfSync, timingSafeEqual } from 'node:crypto'
import { decodeBase64Url } from './base64url.js'

const timeBytes = 6
const macBytes = 16

/** Makes and reads them. */
export class TimeStamps {
  readonly #keys: readonly Buffer[]

  /**
   * @param secrets - one at least, the first is the one that makes them; 32 random bytes or more each, text as UTF-8
   * @param purpose - what they are for: those for something else are not taken
   */
  constructor(secrets: readonly (string | Uint8Array)[], purpose: string) {
    this.#keys = secrets.map((secret) => Buffer.from(hkdfSync('sha256', secret, '', purpose, 32)))
  }

  /** @param seconds - since the epoch */
  make(seconds: number): string {
    const time = Buffer.alloc(timeBytes)
    time.writeUIntBE(Math.floor(seconds), 0, timeBytes)
    return Buffer.concat([time, macOf(time, this.#keys[0] as Buffer)]).toString('base64url')
  }

  /** When it was made, in seconds since the epoch; `undefined` for what we have not made. */
  timeOf(text: string): number | undefined {
    const bytes = decodeBase64Url(text)
    if (bytes?.length !== timeBytes + macBytes) return undefined
    const time = bytes.subarray(0, timeBytes)
    const mac = bytes.subarray(timeBytes)
    return this.#keys.some((key) => timingSafeEqual(macOf(time, key), mac)) ? time.readUIntBE(0, timeBytes) : undefined
  }
}

function macOf(time: Buffer, key: Buffer): Buffer {
  return createHmac('sha256', key).update(time).digest().subarray(0, macBytes)
}
