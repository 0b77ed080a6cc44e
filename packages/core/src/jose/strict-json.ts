// JSON as a token may use it (RFC 7515 §5.2 step 3, RFC 7519 §7.2 step 10): one UTF-8 object, no member twice, of
// bounded depth and size. `JSON.parse` takes the last of two equal members in silence; here they are counted in the
// text and in the result, and where the counts differ the document says two things at once.
import { isUtf8 } from 'node:buffer'

/** A JSON object from outside: nothing is known of its members. */
export type JsonObject = Readonly<Record<string, unknown>>

const greatestDepth = 32
const greatestMembers = 2_000

/** A document that is not one strict JSON object. The message never quotes it. */
export class JsonError extends Error {
  override readonly name = 'JsonError'
}

/**
 * Parses bytes to a deeply frozen object.
 *
 * The caller bounds the size of the bytes. `__proto__` comes out as an own member like any other, so the result must not
 * be merged into another object.
 *
 * @throws JsonError
 */
export function parseJsonObject(bytes: Buffer): JsonObject {
  if (!isUtf8(bytes)) throw new JsonError('not UTF-8')
  let value: unknown
  try {
    value = JSON.parse(bytes.toString('utf8')) // a byte order mark is no JSON white space: refused by the parser
  } catch {
    throw new JsonError('not JSON') // the parser's own message quotes the document
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw new JsonError('not a JSON object')
  const members = freezeAndCount(value, 1)
  if (members !== membersWritten(bytes)) throw new JsonError('a member occurs twice')
  return value as JsonObject
}

/** Deep-freezes a value that JSON.parse made, and counts the members of all its objects. */
function freezeAndCount(value: object, depth: number): number {
  if (depth > greatestDepth) throw new JsonError(`nested deeper than ${greatestDepth} levels`)
  let members = 0
  if (Array.isArray(value)) {
    for (let i = 0; i < value.length; i++) {
      const item: unknown = value[i]
      if (typeof item === 'object' && item !== null) members += freezeAndCount(item, depth + 1)
    }
  } else {
    for (const name in value) {
      members += 1
      const item = (value as Record<string, unknown>)[name]
      if (typeof item === 'object' && item !== null) members += freezeAndCount(item, depth + 1)
    }
  }
  if (members > greatestMembers) throw new JsonError(`more than ${greatestMembers} members`)
  Object.freeze(value)
  return members
}

const quote = 0x22
const backslash = 0x5c
const colon = 0x3a

/**
 * Counts the members as they are written: in a JSON text, the colons outside of strings.
 * INVARIANT: the bytes are well-formed JSON, so every string ends.
 */
function membersWritten(json: Buffer): number {
  let members = 0
  for (let i = 0; i < json.length; i++) {
    const byte = json[i]
    if (byte === colon) members += 1
    else if (byte === quote) {
      for (i += 1; json[i] !== quote; i++) if (json[i] === backslash) i += 1
    }
  }
  return members
}
