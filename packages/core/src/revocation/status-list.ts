// A status list (draft-ietf-oauth-status-list-20 §4): one number of 1, 2, 4 or 8 bits for each token of an issuer, packed into
// bytes from the least significant bit on and compressed with zlib. What the numbers mean is left to `status-list-check.ts`.
import { promisify } from 'node:util'
import { inflate } from 'node:zlib'
import { decodeBase64Url } from '../jose/base64url.js'

/** A document that is no status list, or no token that holds one. The message quotes nothing of it. */
export class StatusListError extends Error {
  override readonly name = 'StatusListError'
}

const inflateBytes = promisify(inflate)

/** The statuses of many tokens. */
export class StatusList {
  readonly #bytes: Uint8Array
  readonly #bits: number

  /** @param bits - 1, 2, 4 or 8 */
  constructor(bytes: Uint8Array, bits: number) {
    this.#bytes = bytes
    this.#bits = bits
  }

  /** Bytes in memory. */
  get byteLength(): number {
    return this.#bytes.byteLength
  }

  /** The status at an index; `undefined` where the list ends before it, which says nothing about the token (§8.3). */
  statusAt(index: number): number | undefined {
    const perByte = 8 / this.#bits
    const byte = this.#bytes[Math.floor(index / perByte)]
    return byte === undefined ? undefined : (byte >> ((index % perByte) * this.#bits)) & (2 ** this.#bits - 1)
  }
}

/**
 * Reads a status list out of JSON (§4.2).
 *
 * @param greatestBytes - bound of what it unpacks to: zeros pack a thousandfold
 * @throws StatusListError
 */
export async function readStatusList(value: unknown, greatestBytes: number): Promise<StatusList> {
  if (typeof value !== 'object' || value === null) throw new StatusListError('`status_list` is no object')
  const { bits, lst } = value as Readonly<Record<string, unknown>>
  if (typeof bits !== 'number' || ![1, 2, 4, 8].includes(bits))
    throw new StatusListError('`bits` is not one of 1, 2, 4 and 8')
  const packed = typeof lst === 'string' ? decodeBase64Url(lst) : undefined
  if (packed === undefined) throw new StatusListError('`lst` is not canonical base64url')
  return new StatusList(await unpack(packed, greatestBytes), bits)
}

async function unpack(packed: Buffer, greatestBytes: number): Promise<Uint8Array> {
  try {
    return await inflateBytes(packed, { maxOutputLength: greatestBytes })
  } catch (cause) {
    const isTooLarge = cause instanceof Error && 'code' in cause && cause.code === 'ERR_BUFFER_TOO_LARGE'
    const reason = isTooLarge ? `is larger than ${greatestBytes} bytes` : 'is not compressed with zlib'
    throw new StatusListError(`the list ${reason}`, { cause })
  }
}
