// A revocation as one short text: what stands in the log of a region and what is pushed to its listeners. It names the
// process that wrote it and counts what that process wrote there, so that a reader notices what is missing; and it is marked
// by the fleet, so that nobody else can revoke.
import type { KeyRing } from '../sealing/key-ring.js'
import { kinds, type RevocationEntry } from './revocation-entry.js'

/** An entry and where it comes from. */
export interface WrittenEntry {
  readonly entry: RevocationEntry
  /** The process that wrote it. */
  readonly writer: string
  /** The how manieth it wrote in that place, from 1. */
  readonly count: number
}

const version = '1'
const bodyBytes = 21
// Version, body, writer, count and mark; each part has one length, so that no text is longer than it must be.
const written = /^(1\.([\w-]{28})\.([\w-]{11})\.([1-9]\d{0,14}))\.([\w-]{22})$/
const issuerBits = 29

/** Writes an entry down and marks it with the newest secret. */
export function encodeEntry(ring: KeyRing, { entry, writer, count }: WrittenEntry): string {
  const text = `${version}.${toBody(entry)}.${writer}.${count}`
  return `${text}.${ring.mark('rv', text)}`
}

/** Reads an entry; `undefined` for what this fleet has not written. */
export function decodeEntry(ring: KeyRing, text: string): WrittenEntry | undefined {
  const parts = written.exec(text)
  if (parts === null) return undefined
  const [, marked, body, writer, count, mark] = parts as unknown as readonly [
    string,
    string,
    string,
    string,
    string,
    string,
  ]
  if (!ring.isMarked('rv', marked, mark)) return undefined
  const entry = fromBody(body)
  return entry && { entry, writer, count: Number(count) }
}

/** Whether a text could be an entry: of another fleet, or marked with a secret that is not known here. */
export function isEntryLike(text: string): boolean {
  return written.test(text)
}

/** The same text with the mark of the newest secret: older ones will be dropped from the ring one day. */
export function markAnew(ring: KeyRing, text: string): string {
  const marked = text.slice(0, text.lastIndexOf('.'))
  return `${marked}.${ring.mark('rv', marked)}`
}

function toBody({ kind, high, low, issuer, cutOff, until }: RevocationEntry): string {
  const bytes = Buffer.alloc(bodyBytes)
  bytes.writeUInt8(kinds.indexOf(kind), 0)
  for (const [index, number] of [high, low, issuer, cutOff, until].entries()) bytes.writeUInt32BE(number, 1 + 4 * index)
  return bytes.toString('base64url')
}

function fromBody(body: string): RevocationEntry | undefined {
  const bytes = Buffer.from(body, 'base64url')
  const kind = kinds[bytes.readUInt8(0)]
  const issuer = bytes.readUInt32BE(9)
  if (kind === undefined || issuer >= 2 ** issuerBits) return undefined
  return {
    kind,
    high: bytes.readUInt32BE(1),
    low: bytes.readUInt32BE(5),
    issuer,
    cutOff: bytes.readUInt32BE(13),
    until: bytes.readUInt32BE(17),
  }
}
