import { describe, expect, it } from 'vitest'
import { createTestCertificate, extension, toPem } from '../../../../test/fixtures/der-certificates.js'
import { certificateThumbprint, derOfPem, dersOfPem, hexThumbprintToBase64Url, readCertificate } from './certificate.js'

// RFC 8705 Appendix A, Figures 5 and 6: of version 1, self-signed, and expired.
const rfcPem = `-----BEGIN CERTIFICATE-----
MIIBBjCBrAIBAjAKBggqhkjOPQQDAjAPMQ0wCwYDVQQDDARtdGxzMB4XDTE4MTAx
ODEyMzcwOVoXDTIyMDUwMjEyMzcwOVowDzENMAsGA1UEAwwEbXRsczBZMBMGByqG
SM49AgEGCCqGSM49AwEHA0IABNcnyxwqV6hY8QnhxxzFQ03C7HKW9OylMbnQZjjJ
/Au08/coZwxS7LfA4vOLS9WuneIXhbGGWvsDSb0tH6IxLm8wCgYIKoZIzj0EAwID
SQAwRgIhAP0RC1E+vwJD/D1AGHGzuri+hlV/PpQEKTWUVeORWz83AiEA5x2eXZOV
bUlJSGQgjwD5vaUaKlLR50Q2DmFfQj1L+SY=
-----END CERTIFICATE-----
`
const rfcThumbprint = 'A4DtL2JmUMhAsvJj5tKyn64SqzmuXbMrJa0n761y5v0'

const { der, pem } = createTestCertificate()
const { der: other, pem: otherPem } = createTestCertificate()

describe('R-8705-1: the thumbprint of a certificate', () => {
  it('is that of RFC 8705 Appendix A for its certificate', () => {
    expect(certificateThumbprint(derOfPem(rfcPem) as Uint8Array)).toBe(rfcThumbprint)
  })

  it('is of this certificate and of no other', () => {
    expect(certificateThumbprint(der)).toMatch(/^[\w-]{43}$/)
    expect(certificateThumbprint(der)).toBe(certificateThumbprint(Buffer.from(der)))
    expect(certificateThumbprint(der)).not.toBe(certificateThumbprint(other))
  })
})

describe('R-XFCC-4: a thumbprint in hexadecimal', () => {
  const hex = '0380ed2f626650c840b2f263e6d2b29fae12ab39ae5db32b25ad27efad72e6fd'

  it('is the same digest in base64url, whichever case it is in', () => {
    expect(hexThumbprintToBase64Url(hex)).toBe(rfcThumbprint)
    expect(hexThumbprintToBase64Url(hex.toUpperCase())).toBe(rfcThumbprint)
  })

  it.each([
    ['nothing', ''],
    ['a digit less', hex.slice(1)],
    ['a byte more', `${hex}00`],
    ['a digit that is none', `g${hex.slice(1)}`],
    ['colons', hex.replace(/..(?!$)/g, '$&:')],
    ['a line end', `${hex}\n`],
    ['a digest of SHA-1', hex.slice(0, 40)],
  ])('is refused with %s', (_, text) => {
    expect(hexThumbprintToBase64Url(text)).toBeUndefined()
  })
})

describe('RFC 5280 §4.1: the bytes of a certificate', () => {
  it('are one, whoever signed it and whenever it holds (R-8705-3)', () => {
    expect(readCertificate(der)?.subject).toBe('CN=test')
    expect(readCertificate(derOfPem(rfcPem) as Uint8Array)?.subject).toBe('CN=mtls')
  })

  it.each([
    ['none', Buffer.alloc(0)],
    ['a certificate that is cut off', der.subarray(0, -1)],
    ['a certificate and a byte after it', Buffer.concat([der, Buffer.alloc(1)])],
    ['two certificates', Buffer.concat([der, other])],
    ['PEM', Buffer.from(pem)],
    ['something else in DER', Buffer.from('3003020107', 'hex')],
  ])('are none if they are %s', (_, bytes) => {
    expect(readCertificate(bytes)).toBeUndefined()
  })

  it('are 32,768 at most', () => {
    const ofValue = (length: number) =>
      createTestCertificate({ extensions: [extension('2a03', Buffer.alloc(length))] }).der
    const fill = 32_700 - ofValue(32_300).length + 32_300
    expect(readCertificate(ofValue(fill))).toBeDefined()
    expect(readCertificate(ofValue(fill + 100))).toBeUndefined()
  })
})

describe('RFC 7468: certificates as PEM', () => {
  it('are their bytes, in order', () => {
    expect(derOfPem(pem)).toEqual(der)
    expect(dersOfPem(pem)).toEqual([der])
    expect(dersOfPem(pem + otherPem)).toEqual([der, other])
  })

  it('may lack the last line end, and have lines that end with CR LF', () => {
    expect(derOfPem(pem.trimEnd())).toEqual(der)
    expect(derOfPem(pem.replaceAll('\n', '\r\n'))).toEqual(der)
  })

  it('are not one where there are two', () => {
    expect(derOfPem(pem + otherPem)).toBeUndefined()
  })

  const base64 = der.toString('base64')
  it.each([
    ['nothing', ''],
    ['text before it', `a\n${pem}`],
    ['text after it', `${pem}a`],
    ['text between two', `${pem}a\n${otherPem}`],
    ['an empty line between two', `${pem}\n${otherPem}`],
    ['no line end between two', pem.trimEnd() + otherPem],
    ['a space before it', ` ${pem}`],
    ['no end', pem.slice(0, -20)],
    ['another label', pem.replaceAll('CERTIFICATE', 'X509 CERTIFICATE')],
    ['a label in small letters', pem.replaceAll('CERTIFICATE', 'certificate')],
    ['no lines', pem.replaceAll('\n', '')],
    ['one long line', `-----BEGIN CERTIFICATE-----\n${base64}\n-----END CERTIFICATE-----\n`],
    ['lines of 76', `-----BEGIN CERTIFICATE-----\n${base64.replace(/.{1,76}/g, '$&\n')}-----END CERTIFICATE-----\n`],
    ['headers', pem.replace('\n', '\nProc-Type: 4\n\n')],
    ['an empty line', pem.replace('\n', '\n\n')],
    ['a space in a line', pem.replace('\nM', '\n M')],
    ['base64url', rfcPem.replaceAll('/', '_').replaceAll('+', '-')],
    ['no padding', rfcPem.replace('SY=', 'SY')],
    ['bits that belong to no byte', rfcPem.replace('SY=', 'SZ=')],
    ['something else within', toPem(Buffer.from('3003020107', 'hex'))],
    ['two certificates in one', toPem(Buffer.concat([der, other]))],
    ['something else beside it', pem + toPem(Buffer.from('3003020107', 'hex'))],
  ])('are refused with %s', (_, text) => {
    expect(dersOfPem(text)).toBeUndefined()
    expect(derOfPem(text)).toBeUndefined()
  })
})
