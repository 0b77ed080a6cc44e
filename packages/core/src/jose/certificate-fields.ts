// What an X.509 certificate says about its use (RFC 5280 §4.1, §4.2), read out of its DER. Node's `ca` is false for a CA that
// lacks keyCertSign, its `keyUsage` is the extended one, and its `subjectAltName` is text that somebody has to take apart: none
// of them is asked. Nothing is judged here, but an extension that cannot be understood is never passed over.
import { contentOf, type DerElement, DerError, derTags, readElement, readElements } from './der.js'

/** What a certificate says, as far as it is understood. */
export interface CertificateFields {
  /** Seconds since the epoch; the certificate holds from this second on. */
  readonly notBefore: number
  /** Seconds since the epoch; the certificate still holds in this second (§4.1.2.5). */
  readonly notAfter: number
  /** `cA` of basicConstraints (§4.2.1.9); false where the extension is missing. */
  readonly isCa: boolean
  /** How many certificates may lie between this one and a leaf; `Infinity` where it does not say. */
  readonly pathLength: number
  /** keyUsage (§4.2.1.3); `undefined` where the extension is missing. */
  readonly keyUsage: KeyUsage | undefined
  /** Object identifiers of extendedKeyUsage (§4.2.1.12) in hexadecimal; `undefined` where the extension is missing. */
  readonly purposes: readonly string[] | undefined
  /** The URIs of subjectAltName (§4.2.1.6), in order and byte for byte, as Latin-1. */
  readonly uris: readonly string[]
  /** Whether nameConstraints are there (§4.2.1.10), which nobody here could hold to. */
  readonly hasNameConstraints: boolean
}

/** The bits of keyUsage that anybody here asks for. */
export interface KeyUsage {
  readonly isCritical: boolean
  readonly digitalSignature: boolean
  readonly keyCertSign: boolean
  readonly crlSign: boolean
}

interface Extension {
  readonly isCritical: boolean
  readonly value: Uint8Array
}

/** Object identifiers, the content of their DER in hexadecimal. */
const oids = {
  keyUsage: '551d0f',
  subjectAltName: '551d11',
  basicConstraints: '551d13',
  nameConstraints: '551d1e',
  extendedKeyUsage: '551d25',
} as const
const understood: readonly string[] = Object.values(oids)

const version3 = '020102'
const tags = { version: 0xa0, issuerUniqueId: 0x81, subjectUniqueId: 0x82, extensions: 0xa3, uri: 0x86 } as const

/**
 * Reads the fields of a certificate. That its bytes are one to the last, `readCertificate` has said before.
 *
 * @throws DerError where it is not of version 3, has an extension twice, or a critical one that is not understood (§4.2)
 */
export function readCertificateFields(der: Uint8Array): CertificateFields {
  const [toBeSigned] = readElements(readElement(der, derTags.sequence, 'the certificate'))
  const [version, , , , validity, , , ...rest] = readElements(contentOf(toBeSigned, derTags.sequence, 'tbsCertificate'))
  if (hex(contentOf(version, tags.version, 'the version')) !== version3) throw new DerError('it is not of version 3')
  const [notBefore, notAfter] = readElements(contentOf(validity, derTags.sequence, 'the validity')).map(readTime)
  if (notBefore === undefined || notAfter === undefined) throw new DerError('the validity has no two dates')
  const extensions = readExtensions(rest)
  return {
    notBefore,
    notAfter,
    ...readBasicConstraints(extensions.get(oids.basicConstraints)),
    keyUsage: readKeyUsage(extensions.get(oids.keyUsage)),
    purposes: readPurposes(extensions.get(oids.extendedKeyUsage)),
    uris: readUris(extensions.get(oids.subjectAltName)),
    hasNameConstraints: extensions.has(oids.nameConstraints),
  }
}

/** §4.1.2.9, §4.2: none twice, and no critical one that is not understood. */
function readExtensions(rest: readonly DerElement[]): ReadonlyMap<string, Extension> {
  const extensions = new Map<string, Extension>()
  const element = rest.find(({ tag }) => tag !== tags.issuerUniqueId && tag !== tags.subjectUniqueId)
  if (element === undefined) return extensions
  const list = readElement(contentOf(element, tags.extensions, 'the list of extensions'), derTags.sequence, 'the list')
  for (const extension of readElements(list)) {
    const [id, ...more] = readElements(contentOf(extension, derTags.sequence, 'an extension'))
    const oid = hex(contentOf(id, derTags.objectIdentifier, 'the identifier of an extension'))
    const isCritical = more.length > 1 && readBoolean(more.shift())
    if (more.length > 1) throw new DerError('an extension holds more than a value')
    if (isCritical && !understood.includes(oid)) throw new DerError('a critical extension is not understood')
    if (extensions.has(oid)) throw new DerError('an extension is there twice')
    extensions.set(oid, { isCritical, value: contentOf(more[0], derTags.octetString, 'the value of an extension') })
  }
  return extensions
}

function readBasicConstraints(extension: Extension | undefined): Pick<CertificateFields, 'isCa' | 'pathLength'> {
  if (extension === undefined) return { isCa: false, pathLength: Number.POSITIVE_INFINITY }
  const members = [...readElements(readElement(extension.value, derTags.sequence, 'basicConstraints'))]
  const isCa = members[0]?.tag === derTags.boolean && readBoolean(members.shift())
  const [length, ...more] = members
  if (more.length > 0) throw new DerError('basicConstraints hold more than a length')
  return { isCa, pathLength: length === undefined ? Number.POSITIVE_INFINITY : readCount(length) }
}

function readKeyUsage(extension: Extension | undefined): KeyUsage | undefined {
  if (extension === undefined) return undefined
  const [unused = 0, ...bytes] = readElement(extension.value, derTags.bitString, 'keyUsage')
  const [first, last] = [bytes[0], bytes.at(-1)]
  const isWhole = bytes.length <= 2 && unused < 8 && last !== undefined && last % 2 ** unused === 0 // X.690 §11.2.1
  if (first === undefined || !isWhole) throw new DerError('keyUsage is not a list of its bits')
  const has = (bit: number) => (first & (0x80 >> bit)) !== 0
  return { isCritical: extension.isCritical, digitalSignature: has(0), keyCertSign: has(5), crlSign: has(6) }
}

function readPurposes(extension: Extension | undefined): readonly string[] | undefined {
  if (extension === undefined) return undefined
  const purposes = readElements(readElement(extension.value, derTags.sequence, 'extendedKeyUsage'))
  return purposes.map((purpose) => hex(contentOf(purpose, derTags.objectIdentifier, 'a purpose')))
}

function readUris(extension: Extension | undefined): readonly string[] {
  if (extension === undefined) return []
  const names = readElements(readElement(extension.value, derTags.sequence, 'subjectAltName'))
  return names.filter(({ tag }) => tag === tags.uri).map(({ content }) => Buffer.from(content).toString('latin1'))
}

/** X.690 §11.1: there is one way to write true, and one to write false. */
function readBoolean(element: DerElement | undefined): boolean {
  const content = hex(contentOf(element, derTags.boolean, 'a truth value'))
  if (content !== 'ff' && content !== '00') throw new DerError('a truth value is neither true nor false')
  return content === 'ff'
}

/** A number that is not negative, in one byte: no path is longer than that. */
function readCount(element: DerElement): number {
  const [count, ...more] = contentOf(element, derTags.integer, 'the length of a path')
  if (count === undefined || count > 0x7f || more.length > 0)
    throw new DerError('the length of a path is out of bounds')
  return count
}

/** §4.1.2.5: to the second, and in UTC. A date that no calendar has is none. */
function readTime({ tag, content }: DerElement): number {
  const text = Buffer.from(content).toString('latin1')
  const century = tag === derTags.generalizedTime ? '' : Number(text.slice(0, 2)) < 50 ? '20' : '19'
  const isTime = tag === derTags.generalizedTime || tag === derTags.utcTime
  const parts = isTime ? /^(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)Z$/.exec(century + text) : null
  if (parts === null) throw new DerError('a date is not in the form of a certificate')
  const iso = `${parts[1]}-${parts[2]}-${parts[3]}T${parts[4]}:${parts[5]}:${parts[6]}.000Z`
  const time = new Date(iso)
  if (Number.isNaN(time.getTime()) || time.toISOString() !== iso) throw new DerError('a date is in no calendar')
  return time.getTime() / 1000
}

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex')
}
