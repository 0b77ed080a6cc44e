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
  svidExtensions,
  uri,
} from '../../../../test/fixtures/der-certificates.js'
import { readSvid } from './x509-svid.js'

const spiffeId = 'spiffe://prod.example/ns/shop/sa/orders'
const [constraints, usage, names] = svidExtensions(spiffeId) as [Buffer, Buffer, Buffer]
const readWith = (...extensions: readonly Buffer[]) => readSvid(createTestCertificate({ extensions }).der)

const refused = (reason: RegExp) =>
  expect.objectContaining({ name: 'SvidError', message: expect.stringMatching(reason) })

describe('R-XSVID-1: an X.509-SVID', () => {
  it('says who its holder is, whose trust domain vouches for it, and from when to when it holds', () => {
    expect(readWith(constraints, usage, names)).toEqual({
      spiffeId,
      trustDomain: 'prod.example',
      path: '/ns/shop/sa/orders',
      notBefore: noon - 43_200,
      notAfter: noon + 43_199,
    })
  })

  it('is an SVID whatever order its extensions are in, and without basicConstraints', () => {
    expect(readWith(names, usage, constraints)).toMatchObject({ spiffeId })
    expect(readWith(names, usage)).toMatchObject({ spiffeId })
  })

  it('R-XSVID-3: may have other names beside its URI', () => {
    const dns = der(0x82, Buffer.from('orders.prod.example, URI:spiffe://prod.example/admin'))
    expect(readWith(constraints, usage, subjectAltName(dns, uri(spiffeId), der(0x87, '7f000001')))).toMatchObject({
      spiffeId,
    })
  })

  it.each([
    ['CA:TRUE with keyCertSign', basicConstraints(true), keyUsage(['digitalSignature', 'keyCertSign']), /authority/],
    ['R-XSVID-2: CA:TRUE without keyCertSign', basicConstraints(true), usage, /^it is a certificate of an authority/],
    ['keyUsage that is not critical', constraints, keyUsage(['digitalSignature'], false), /not critical/],
    ['keyUsage without digitalSignature', constraints, keyUsage(['keyEncipherment']), /lacks digitalSignature/],
    [
      'keyUsage with keyCertSign',
      constraints,
      keyUsage(['digitalSignature', 'keyCertSign']),
      /^its keyUsage is that of/,
    ],
    ['keyUsage with cRLSign', constraints, keyUsage(['digitalSignature', 'cRLSign']), /^its keyUsage is that of/],
  ])('has no %s', (_, constraints, usage, reason) => {
    expect(() => readWith(constraints, usage, names)).toThrow(refused(reason))
  })

  it('has keyUsage, and may have more of it', () => {
    expect(() => readWith(constraints, names)).toThrow(refused(/keyUsage is missing/))
    const more = keyUsage(['digitalSignature', 'nonRepudiation', 'keyEncipherment', 'keyAgreement'])
    expect(readWith(constraints, more, names)).toMatchObject({ spiffeId })
  })

  it.each([
    ['no subjectAltName', []],
    ['no URI', [subjectAltName(der(0x82, Buffer.from('orders.prod.example')))]],
    ['two URIs', [subjectAltName(uri(spiffeId), uri('spiffe://prod.example/admin'))]],
    ['two URIs that are the same', [subjectAltName(uri(spiffeId), uri(spiffeId))]],
    ['a SPIFFE ID and another URI', [subjectAltName(uri(spiffeId), uri('https://prod.example'))]],
    ['a SPIFFE ID that is a host name', [subjectAltName(der(0x82, Buffer.from(spiffeId)))]],
    ['a URI that is no SPIFFE ID', [subjectAltName(uri('https://prod.example/orders'))]],
    ['a URI with a zero byte', [subjectAltName(uri(`${spiffeId}\0.example`))]],
    ['a SPIFFE ID without a path', [subjectAltName(uri('spiffe://prod.example'))]],
  ])('does not have %s', (_, names) => {
    expect(() => readWith(constraints, usage, ...names)).toThrow(refused(/URI/))
  })

  it('is for clients, where it says what it is for (RFC 5280 §4.2.1.12)', () => {
    const [server, client, any] = ['2b06010505070301', '2b06010505070302', '551d2500'].map((oid) => der(0x06, oid))
    const forPurposes = (...purposes: readonly (Buffer | undefined)[]) =>
      readWith(constraints, usage, names, extension('551d25', sequence(...(purposes as Buffer[]))))
    expect(forPurposes(server, client)).toMatchObject({ spiffeId })
    expect(forPurposes(client)).toMatchObject({ spiffeId })
    expect(() => forPurposes(server)).toThrow(refused(/not meant for clients/))
    expect(() => forPurposes(any)).toThrow(refused(/not meant for clients/))
  })

  it('is a certificate, and one that can be understood', () => {
    expect(() => readSvid(Buffer.from('3003020107', 'hex'))).toThrow(refused(/not a certificate/))
    const { der: good } = createTestCertificate({ extensions: [constraints, usage, names] })
    expect(() => readSvid(Buffer.concat([good, Buffer.alloc(1)]))).toThrow(refused(/not a certificate/))
    expect(() => readWith(constraints, usage, names, names)).toThrow(refused(/cannot be understood/))
    expect(() => readWith(constraints, usage, names, extension('2a03', der(0x05), true))).toThrow(
      refused(/cannot be understood/),
    )
  })

  it('is not repeated in what refuses it', () => {
    for (const spoiled of [subjectAltName(uri(`${spiffeId}/`)), subjectAltName(uri(spiffeId), uri(spiffeId))])
      expect(() => readWith(constraints, usage, spoiled)).toThrow(
        expect.objectContaining({ name: 'SvidError', message: expect.not.stringContaining('prod.example') }),
      )
  })
})
