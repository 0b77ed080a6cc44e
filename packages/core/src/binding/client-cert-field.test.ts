import { describe, expect, it } from 'vitest'
import { createTestCertificate } from '../../../../test/fixtures/der-certificates.js'
import { certificateThumbprint } from '../jose/certificate.js'
import { parseClientCertChain, parseClientCertField } from './client-cert-field.js'

const mismatch = expect.objectContaining({
  name: 'VerificationError',
  code: 'binding_mismatch',
  message: expect.stringMatching(/^the field `Client-Cert` .*[^.]$/),
})

// RFC 9440 Appendix A, Figure 2, without the line ends that it has for display.
const rfcField =
  ':MIIBqDCCAU6gAwIBAgIBBzAKBggqhkjOPQQDAjA6MRswGQYDVQQKDBJMZXQncyBBdXRoZW50aWNhdGUxGzAZBgNVBAMMEkxBIEludGVybWVk' +
  'aWF0ZSBDQTAeFw0yMDAxMTQyMjU1MzNaFw0yMTAxMjMyMjU1MzNaMA0xCzAJBgNVBAMMAkJDMFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE8YnX' +
  'XfaUgmnMtOXU/IncWalRhebrXmckC8vdgJ1p5Be5F/3YC8OthxM4+k1M6aEAEFcGzkJiNy6J84y7uzo9M6NyMHAwCQYDVR0TBAIwADAfBgNVHSME' +
  'GDAWgBRm3WjLa38lbEYCuiCPct0ZaSED2DAOBgNVHQ8BAf8EBAMCBsAwEwYDVR0lBAwwCgYIKwYBBQUHAwIwHQYDVR0RAQH/BBMwEYEPYmRjQGV4' +
  'YW1wbGUuY29tMAoGCCqGSM49BAMCA0gAMEUCIBHda/r1vaL6G3VliL4/Di6YK0Q6bMjeSkC3dFCOOB8TAiEAx/kHSB4urmiZ0NX5r5XarmPk0wmu' +
  'ydBVoU4hBVZ1yhk=:'

const { der } = createTestCertificate()
const base64 = der.toString('base64')
const good = `:${base64}:`

describe('R-9440-1: the field Client-Cert', () => {
  it('of RFC 9440 Appendix A is the certificate of its chain', () => {
    const der = parseClientCertField(rfcField)
    expect(der).toHaveLength(428)
    expect(certificateThumbprint(der)).toBe('v68ffgcPn6jdYpBfFY2nP4ShE2Yk-6_Mk5PI9yh6aes')
  })

  it('is one certificate, in DER', () => {
    expect(parseClientCertField(good)).toEqual(der)
  })

  it('may have spaces around it (RFC 8941 §4.2)', () => {
    expect(parseClientCertField(`  ${good} `)).toEqual(der)
  })

  it.each([
    ['nothing', ''],
    ['an empty byte sequence', '::'],
    ['no colons', base64],
    ['no first colon', `${base64}:`],
    ['no last colon', `:${base64}`],
    ['two certificates', `${good}, ${good}`],
    ['two certificates side by side', `:${base64}::${base64}:`],
    ['a parameter', `${good};a=1`],
    ['a token', 'certificate'],
    ['a string', `"${base64}"`],
    ['a tab before it', `\t${good}`],
    ['a line end after it', `${good}\n`],
    ['a space in it', `:${base64.slice(0, 64)} ${base64.slice(64)}:`],
    ['base64url', ':_-8=:'],
    ['PEM', `:-----BEGIN CERTIFICATE-----${base64}-----END CERTIFICATE-----:`],
    ['no padding', rfcField.replace('=:', ':')],
    ['padding in the middle', `:${base64.slice(0, 4)}====${base64.slice(4)}:`],
    ['bits that belong to no byte', rfcField.replace('yhk=', 'yhl=')],
    ['bytes that are no certificate', ':AAAA:'],
    ['a byte behind the certificate', `:${Buffer.concat([der, Buffer.alloc(1)]).toString('base64')}:`],
    [
      'PEM in base64',
      `:${Buffer.from(`-----BEGIN CERTIFICATE-----\n${base64}\n-----END CERTIFICATE-----`).toString('base64')}:`,
    ],
  ])('is refused with %s', (_, value) => {
    expect(() => parseClientCertField(value)).toThrow(mismatch)
  })

  it('has up to 65,536 characters', () => {
    expect(parseClientCertField(good.padEnd(65_536))).toEqual(der)
    expect(() => parseClientCertField(good.padEnd(65_537))).toThrow(mismatch)
  })
})

describe('R-9440-1: the field Client-Cert-Chain', () => {
  const { der: other } = createTestCertificate()
  const second = `:${other.toString('base64')}:`

  it.each([good, ` ${good} `, `${good},${second}`, `${good}, ${second}`, `${good}\t,\t ${second}`])(
    'is a list of certificates, in its order: %j',
    (value) => {
      expect(parseClientCertChain(value)).toEqual(value.includes(',') ? [der, other] : [der])
    },
  )

  it.each([
    ['nothing', ''],
    ['a comma at the end', `${good},`],
    ['a comma before it', `,${good}`],
    ['an empty item', `${good},,${second}`],
    ['no comma', `${good} ${second}`],
    ['a parameter', `${good};a=1`],
    ['an inner list', `(${good} ${second})`],
    ['an item that is no certificate', `${good}, :AAAA:`],
    ['base64 that is not canonical', `${good}, :${base64.slice(0, -1)}:`],
  ])('is not %s', (_, value) => {
    expect(() => parseClientCertChain(value)).toThrow(mismatch)
  })

  it('is as long as one of the other headers at most', () => {
    const fitting = Math.floor(65_537 / (good.length + 1))
    expect(parseClientCertChain(Array(fitting).fill(good).join(','))).toHaveLength(fitting)
    expect(() =>
      parseClientCertChain(
        Array(fitting + 1)
          .fill(good)
          .join(','),
      ),
    ).toThrow(mismatch)
  })
})
