import { describe, expect, it } from 'vitest'
import {
  basicConstraints,
  createTestCertificate,
  der,
  extension,
  keyUsage,
  noon,
  sequence,
  subjectAltName,
  type TestCertificateOptions,
  uri,
} from '../../../../test/fixtures/der-certificates.js'
import { readCertificateFields } from './certificate-fields.js'

const read = (options: TestCertificateOptions) => readCertificateFields(createTestCertificate(options).der)
const readWith = (...extensions: readonly Buffer[]) => read({ extensions })
const refused = expect.objectContaining({ name: 'DerError', message: expect.stringMatching(/^[a-z].*[^.]$/) })

const utc = (text: string) => der(0x17, Buffer.from(text))
const generalized = (text: string) => der(0x18, Buffer.from(text))

describe('RFC 5280 §4.2: extensions', () => {
  it('say nothing where there are none', () => {
    expect(read({})).toEqual({
      notBefore: noon - 43_200,
      notAfter: noon + 43_199,
      isCa: false,
      pathLength: Number.POSITIVE_INFINITY,
      keyUsage: undefined,
      purposes: undefined,
      uris: [],
      hasNameConstraints: false,
    })
  })

  it('say what they say', () => {
    const names = subjectAltName(der(0x82, Buffer.from('a')), uri('https://a'), der(0x81, Buffer.from('b')), uri('é'))
    const constraints = extension('551d1e', sequence(), true)
    expect(readWith(basicConstraints(true, 3), keyUsage(['cRLSign']), names, constraints)).toMatchObject({
      isCa: true,
      pathLength: 3,
      keyUsage: { isCritical: true, digitalSignature: false, keyCertSign: false, crlSign: true },
      uris: ['https://a', 'é'],
      hasNameConstraints: true,
    })
    expect(readWith(extension('551d25', sequence(der(0x06, '2a03'))))).toMatchObject({ purposes: ['2a03'] })
  })

  it('are read behind the identifiers that version 2 had', () => {
    const afterKey = Buffer.concat([der(0x81, '00aa'), der(0x82, '00bb'), der(0xa3, sequence(basicConstraints(true)))])
    expect(read({ afterKey })).toMatchObject({ isCa: true })
  })

  it('may be unknown, unless they are critical', () => {
    expect(readWith(extension('2a03', der(0x05)), basicConstraints(true))).toMatchObject({ isCa: true })
    expect(() => readWith(extension('2a03', der(0x05), true))).toThrow(refused)
  })

  it('are not critical where they say so in so many words', () => {
    const [id, value] = [der(0x06, '551d0f'), der(0x04, der(0x03, '0780'))]
    expect(readWith(sequence(id, der(0x01, '00'), value))).toMatchObject({ keyUsage: { isCritical: false } })
    expect(readWith(sequence(id, der(0x01, 'ff'), value))).toMatchObject({ keyUsage: { isCritical: true } })
  })

  it.each([
    ['there are two of a kind', [basicConstraints(false), basicConstraints(true)]],
    ['there are two of an unknown kind', [extension('2a03', der(0x05)), extension('2a03', der(0x05))]],
    ['an extension holds more', [sequence(der(0x06, '2a03'), der(0x01, '00'), der(0x04), der(0x04))]],
    ['an extension holds no value', [sequence(der(0x06, '2a03'))]],
    ['basicConstraints hold more', [extension('551d13', sequence(der(0x01, 'ff'), der(0x02, '00'), der(0x02, '00')))]],
    ['basicConstraints are followed by more', [extension('551d13', Buffer.concat([sequence(), sequence()]))]],
    ['basicConstraints are a number', [extension('551d13', der(0x02, '01'))]],
    ['cA is neither true nor false', [extension('551d13', sequence(der(0x01, '01')))]],
    ['cA is empty', [extension('551d13', sequence(der(0x01)))]],
    ['the length of a path is negative', [extension('551d13', sequence(der(0x01, 'ff'), der(0x02, 'ff')))]],
    ['the length of a path is beyond all bounds', [extension('551d13', sequence(der(0x01, 'ff'), der(0x02, '0100')))]],
    ['the length of a path is empty', [extension('551d13', sequence(der(0x01, 'ff'), der(0x02)))]],
    ['keyUsage has no bits', [extension('551d0f', der(0x03, '00'))]],
    ['keyUsage is empty', [extension('551d0f', der(0x03))]],
    ['keyUsage has bits that are none', [extension('551d0f', der(0x03, '0781'))]],
    ['keyUsage has bits of a second byte that are none', [extension('551d0f', der(0x03, '078001'))]],
    ['keyUsage says that eight bits are none', [extension('551d0f', der(0x03, '0800'))]],
    ['keyUsage is three bytes long', [extension('551d0f', der(0x03, '07800080'))]],
    ['keyUsage is an octet string', [extension('551d0f', der(0x04, '0780'))]],
    ['subjectAltName is no list', [extension('551d11', uri('https://a'))]],
    ['a purpose is a number', [extension('551d25', sequence(der(0x02, '01')))]],
  ])('are refused where %s', (_, extensions) => {
    expect(() => readWith(...extensions)).toThrow(refused)
  })

  it('takes keyUsage of two bytes', () => {
    const decipherOnly = extension('551d0f', der(0x03, '078080'), true)
    expect(readWith(decipherOnly)).toMatchObject({ keyUsage: { digitalSignature: true, crlSign: false } })
  })

  it('are those of version 3 and of no other (§4.1.2.1)', () => {
    for (const version of [Buffer.alloc(0), der(0xa0, der(0x02, '01')), der(0xa0, der(0x02, '03'))])
      expect(() => read({ version, extensions: [basicConstraints(false)] })).toThrow(refused)
  })

  it('refuses what is no certificate', () => {
    for (const hex of ['', '3000', '30023000', '020107'])
      expect(() => readCertificateFields(Buffer.from(hex, 'hex'))).toThrow(refused)
  })
})

describe('RFC 5280 §4.1.2.5: dates', () => {
  it.each([
    ['500101000000Z', Date.UTC(1950, 0, 1)],
    ['991231235959Z', Date.UTC(1999, 11, 31, 23, 59, 59)],
    ['000229120000Z', Date.UTC(2000, 1, 29, 12)],
    ['491231235959Z', Date.UTC(2049, 11, 31, 23, 59, 59)],
  ])('in two digits of a year, %s, are of 1950 to 2049', (text, milliseconds) => {
    expect(read({ validity: sequence(utc(text), generalized('20500101000000Z')) })).toMatchObject({
      notBefore: milliseconds / 1000,
      notAfter: Date.UTC(2050, 0, 1) / 1000,
    })
  })

  it('may be that of a certificate that never ends', () => {
    expect(read({ validity: sequence(utc('260101000000Z'), generalized('99991231235959Z')) })).toMatchObject({
      notAfter: 253_402_300_799,
    })
  })

  it.each([
    ['a day that no calendar has', utc('260230000000Z')],
    ['a second that no clock shows', utc('260101000060Z')],
    ['an hour that no clock shows', utc('260101240000Z')],
    ['no seconds', utc('2601010000Z')],
    ['another zone', utc('260101000000+0100')],
    ['fractions', generalized('20260101000000.5Z')],
    ['four digits of a year where there are two', utc('20260101000000Z')],
    ['two where there are four', generalized('260101000000Z')],
    ['another type', der(0x0c, Buffer.from('260101000000Z'))],
  ])('are refused with %s', (_, date) => {
    expect(() => read({ validity: sequence(date, utc('270101000000Z')) })).toThrow(refused)
    expect(() => read({ validity: sequence(utc('250101000000Z'), date) })).toThrow(refused)
  })

  it('are two', () => {
    expect(() => read({ validity: sequence(utc('260101000000Z')) })).toThrow(refused)
  })
})
