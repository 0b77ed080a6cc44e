// DER (ITU-T X.690 §8, §10), as much of it as a certificate needs: elements of a tag, a definite length in its shortest
// form, and a content that lies within the element around it. Node tells less of a certificate than an X.509-SVID is judged
// by, and what it tells it tells as text. Which elements mean what is left to `certificate-fields.ts`.

/** An element: its tag (class, form and number, in one byte) and its content. */
export interface DerElement {
  readonly tag: number
  readonly content: Uint8Array
}

/** Tags of universal types (X.680 §8.4), as they are written in DER. */
export const derTags = {
  boolean: 0x01,
  integer: 0x02,
  bitString: 0x03,
  octetString: 0x04,
  objectIdentifier: 0x06,
  utcTime: 0x17,
  generalizedTime: 0x18,
  sequence: 0x30,
} as const

/** Bytes that are not DER, or not the DER that is looked for. The message never quotes them. */
export class DerError extends Error {
  override readonly name = 'DerError'
}

const greatestElements = 1_024
const indefinite = 0x80

/**
 * Reads elements that lie side by side and fill the bytes.
 *
 * @throws DerError
 */
export function readElements(bytes: Uint8Array): readonly DerElement[] {
  const elements: DerElement[] = []
  for (let offset = 0; offset < bytes.length; ) {
    if (elements.length === greatestElements) throw new DerError('there are too many elements side by side')
    const tag = bytes[offset] as number
    if ((tag & 0x1f) === 0x1f) throw new DerError('a tag is longer than one byte') // §8.1.2.4: nothing here has one
    const [start, length] = readLength(bytes, offset + 1)
    if (length > bytes.length - start) throw new DerError('an element ends outside the one around it')
    elements.push({ tag, content: bytes.subarray(start, start + length) })
    offset = start + length
  }
  return elements
}

/**
 * Reads the one element that the bytes are, and nothing after it.
 *
 * @param what - the name of it, for the message
 * @throws DerError
 */
export function readElement(bytes: Uint8Array, tag: number, what: string): Uint8Array {
  const [element, ...more] = readElements(bytes)
  if (more.length > 0) throw new DerError(`${what} is followed by something else`)
  return contentOf(element, tag, what)
}

/**
 * The content of an element that has to be there, with the tag that it has to have.
 *
 * @throws DerError
 */
export function contentOf(element: DerElement | undefined, tag: number, what: string): Uint8Array {
  if (element?.tag !== tag) throw new DerError(`${what} is missing, or of another type`)
  return element.content
}

/** §8.1.3, §10.1: where the content begins, and how long it is. What is cut off counts as zeros, and ends outside. */
function readLength(bytes: Uint8Array, offset: number): readonly [start: number, length: number] {
  const first = bytes[offset] ?? 0
  if (first < indefinite) return [offset + 1, first]
  const count = first - indefinite
  let length = 0
  for (let index = 1; index <= count; index++) length = length * 256 + (bytes[offset + index] ?? 0)
  const isShortest = length >= 0x80 && length >= 256 ** (count - 1)
  if (!isShortest) throw new DerError('a length is indefinite, or not in its shortest form')
  return [offset + 1 + count, length]
}
