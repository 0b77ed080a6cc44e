import { describe, expect, it } from 'vitest'
import { createTestCertificate, extension } from '../../../../test/fixtures/der-certificates.js'
import { parseEscapedCertificate, readEscapedCertificates } from './escaped-certificate.js'

const mismatch = expect.objectContaining({
  name: 'VerificationError',
  code: 'binding_mismatch',
  message: expect.stringMatching(/^the header .*[^.]$/),
})

const certificate = createTestCertificate()
const { der, pem } = withBase64Of(/\+.*\//s)
const { pem: otherPem } = createTestCertificate()
const escaped = encodeURIComponent(pem)
const joined = (separator: string) => {
  const [begin = '', ...lines] = pem.trimEnd().split('\n')
  return [begin, ...lines].join(separator)
}

/** A certificate whose base64 has the characters that are escaped. */
function withBase64Of(characters: RegExp) {
  for (;;) {
    const found = createTestCertificate({ key: certificate.key })
    if (characters.test(found.pem)) return found
  }
}

describe('$ssl_client_escaped_cert of nginx', () => {
  it('is the one certificate that it holds', () => {
    expect(escaped).toMatch(/^-----BEGIN%20CERTIFICATE-----%0A.*%2B.*%2F.*%0A-----END%20CERTIFICATE-----%0A$/)
    expect(parseEscapedCertificate(escaped)).toEqual(der)
  })

  it('may be escaped with small digits, and no more than it has to be', () => {
    expect(parseEscapedCertificate(escaped.replace(/%../g, (percent) => percent.toLowerCase()))).toEqual(der)
    expect(parseEscapedCertificate(pem.replaceAll(' ', '%20').replaceAll('\n', '%0A'))).toEqual(der)
  })

  it.each([
    ['nothing', ''],
    ['two certificates', encodeURIComponent(pem + otherPem)],
    ['a certificate that is cut off', escaped.slice(0, 400)],
    ['a percent sign that escapes nothing', `${escaped}%`],
    ['a percent sign and no digits', escaped.replace('%0A', '%0G')],
    ['bytes that are no UTF-8', `${escaped}%FF`],
    ['what is escaped twice', encodeURIComponent(escaped)],
    ['spaces that were plus signs', escaped.replaceAll('%2B', '%20')],
    ['plus signs that are spaces', escaped.replaceAll('%20', '+')],
    ['text beside it', `${escaped}a`],
    ['another label', escaped.replaceAll('CERTIFICATE', 'PUBLIC%20KEY')],
    ['no certificate', encodeURIComponent('-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n')],
  ])('is refused with %s', (_, value) => {
    expect(() => parseEscapedCertificate(value)).toThrow(mismatch)
  })

  it('has up to 65,536 characters', () => {
    const { der, pem } = createTestCertificate({ extensions: [extension('2a03', Buffer.alloc(18_000))] })
    /** With so many characters escaped, needed or not. */
    const ofLength = (length: number) => {
      const text = (length - pem.length) % 2 === 0 ? pem : pem.trimEnd()
      const count = (length - text.length) / 2
      return Buffer.from(text.slice(0, count)).toString('hex').replace(/../g, '%$&') + text.slice(count)
    }
    expect(ofLength(65_536)).toHaveLength(65_536)
    expect(ofLength(65_537)).toHaveLength(65_537)
    expect(parseEscapedCertificate(ofLength(65_536))).toEqual(der)
    expect(() => parseEscapedCertificate(ofLength(65_537))).toThrow(mismatch)
  })

  it('says nothing of what it holds when it is refused', () => {
    expect(() => parseEscapedCertificate(`${escaped}a`)).toThrow(
      expect.objectContaining({ message: expect.not.stringContaining(pem.slice(30, 60)) }),
    )
  })
})

describe('$ssl_client_cert of nginx, which had lines', () => {
  it.each([' ', '\t', ' \t', '\n'])('is the certificate where %j stands for a line end', (separator) => {
    expect(parseEscapedCertificate(joined(separator))).toEqual(der)
  })

  it.each([
    ['two certificates', `${joined(' ')} ${otherPem.trimEnd().replace(/\n/g, ' ')}`],
    ['no separators', joined('')],
    ['a space before it', ` ${joined(' ')}`],
    ['a space that was a plus sign', joined('\t').replaceAll('+', ' ')],
    ['a line that is cut in two', joined('\t').replace('-----\tMII', '-----\tMI\tI')],
    ['its labels alone', '-----BEGIN CERTIFICATE----- -----END CERTIFICATE-----'],
    ['one label for both', '-----BEGIN CERTIFICATE-----END CERTIFICATE-----'],
    ['a label that is cut in two', joined(' ').replace('BEGIN CERT', 'BEGIN  CERT')],
    ['no end', joined(' ').slice(0, -5)],
    ['another begin', joined(' ').replace('BEGIN', 'BEGUN')],
    ['another end', joined(' ').replace('END', 'ENT')],
    ['text behind it', `${joined(' ')} a`],
  ])('is refused with %s', (_, value) => {
    expect(() => parseEscapedCertificate(value)).toThrow(mismatch)
  })

  it('is refused soon, however much white space there is', () => {
    const begin = '-----BEGIN CERTIFICATE-----'
    expect(() => parseEscapedCertificate(`${begin}${' '.repeat(65_000)}-----END CERTIFICATE-----`)).toThrow(mismatch)
  })
})

describe('several certificates in URL-encoded PEM', () => {
  it('are read in order', () => {
    expect(readEscapedCertificates(encodeURIComponent(pem + otherPem))).toHaveLength(2)
    expect(readEscapedCertificates(escaped)).toEqual([der])
    expect(readEscapedCertificates('')).toBeUndefined()
    expect(readEscapedCertificates(`${escaped}%`)).toBeUndefined()
  })
})
