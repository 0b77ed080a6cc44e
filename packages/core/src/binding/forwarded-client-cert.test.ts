import { describe, expect, it } from 'vitest'
import { createTestCertificate } from '../../../../test/fixtures/der-certificates.js'
import { certificateThumbprint } from '../jose/certificate.js'
import { parseForwardedClientCert } from './forwarded-client-cert.js'

const mismatch = expect.objectContaining({
  name: 'VerificationError',
  code: 'binding_mismatch',
  message: expect.stringMatching(/^the header `x-forwarded-client-cert` .*[^.]$/),
})

const nothing = {
  by: [],
  hash: undefined,
  cert: undefined,
  chain: undefined,
  subject: undefined,
  uris: [],
  dnsNames: [],
}
const hex = '468ed33be74eee6556d90c0149c1309e9ba61d6425303443c0748a02dd8de688'
const digest = 'Ro7TO-dO7mVW2QwBScEwnpumHWQlMDRDwHSKAt2N5og'
const otherHex = '9ba61d6425303443c0748a02dd8de688468ed33be74eee6556d90c0149c1309e'

const { der, pem } = createTestCertificate()
const { der: issuerDer, pem: issuerPem } = createTestCertificate()
const hashOf = (der: Uint8Array) => Buffer.from(certificateThumbprint(der), 'base64url').toString('hex')
/** As Envoy escapes PEM. */
const escapePem = (pem: string) =>
  pem.replace(/[\n +/=]/g, (character) => `%${character.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')}`)

/** One element, or the first of several. */
const read = (value: string) => parseForwardedClientCert(value)[0]

describe('R-XFCC-1: the elements of x-forwarded-client-cert', () => {
  it('are pairs of keys and values', () => {
    expect(
      parseForwardedClientCert(
        `By=spiffe://prod.example/gate;Hash=${hex};Subject="/C=US/O=Shop, Inc./CN=Test";URI=https://a.example;DNS=a.example`,
      ),
    ).toEqual([
      {
        ...nothing,
        by: ['spiffe://prod.example/gate'],
        hash: digest,
        subject: '/C=US/O=Shop, Inc./CN=Test',
        uris: ['https://a.example'],
        dnsNames: ['a.example'],
      },
    ])
  })

  it('are read from left to right', () => {
    const elements = parseForwardedClientCert(`URI=spiffe://a/1,Hash=${hex};URI=spiffe://a/2,URI=spiffe://a/3`)
    expect(elements.map(({ uris }) => uris)).toEqual([['spiffe://a/1'], ['spiffe://a/2'], ['spiffe://a/3']])
    expect(elements.map(({ hash }) => hash)).toEqual([undefined, digest, undefined])
  })

  it('may have white space around the comma between them, as header lines that were joined have (RFC 9110 §5.3)', () => {
    expect(parseForwardedClientCert('URI=a:1, URI=a:2\t,URI=a:3')).toHaveLength(3)
  })

  it('have keys in any case, and values in theirs', () => {
    expect(read(`bY=A;HASH=${hex.toUpperCase()};subject="B";uri=c:C;dns=D`)).toEqual({
      ...nothing,
      by: ['A'],
      hash: digest,
      subject: 'B',
      uris: ['c:C'],
      dnsNames: ['D'],
    })
  })

  it('may name several of By, URI and DNS', () => {
    expect(read('By=a:1;By=a:2;URI=b:1;URI=b:2;DNS=c1;DNS=c2')).toEqual({
      ...nothing,
      by: ['a:1', 'a:2'],
      uris: ['b:1', 'b:2'],
      dnsNames: ['c1', 'c2'],
    })
  })

  it('hold commas, semicolons, equals signs and quotes within quotes', () => {
    expect(read(String.raw`URI="https://a?b=c;d,e";Subject="CN=\"a\",O=b;c"`)).toEqual({
      ...nothing,
      uris: ['https://a?b=c;d,e'],
      subject: 'CN="a",O=b;c',
    })
  })

  it('hold backslashes that escape no quote', () => {
    expect(read(String.raw`Subject="CN=a\, b\\c\\\"d"`)).toMatchObject({ subject: String.raw`CN=a\, b\\c\\"d` })
  })

  it('have an empty Subject or URI where the certificate has none', () => {
    expect(read(`Hash=${hex};Subject="";URI=`)).toEqual({ ...nothing, hash: digest, subject: '' })
  })

  it('hold the certificate and its chain, URL-encoded', () => {
    const value = `Hash=${hashOf(der)};Cert="${escapePem(pem)}";Chain="${escapePem(pem + issuerPem)}"`
    expect(read(value)).toEqual({
      ...nothing,
      hash: certificateThumbprint(der),
      cert: der,
      chain: [der, issuerDer],
    })
    expect(read(`Cert=${escapePem(pem)}`)).toEqual({ ...nothing, cert: der })
  })

  it('R-XFCC-4: hold a hash that is the x5t#S256 of the certificate', () => {
    expect(read(`Hash=${hashOf(der)}`)).toMatchObject({ hash: certificateThumbprint(der) })
  })
})

describe('R-XFCC-2: the whole header is refused', () => {
  const good = `By=spiffe://prod.example/gate;Hash=${hex};Subject="CN=a";URI=spiffe://prod.example/orders;DNS=a.example`

  it('with a space before it', () => {
    expect(() => parseForwardedClientCert(` ${good}`)).toThrow(mismatch)
  })

  it('unless every element is good', () => {
    expect(parseForwardedClientCert(`${good},${good}`)).toHaveLength(2)
    expect(() => parseForwardedClientCert(`${good},URI`)).toThrow(mismatch)
    expect(() => parseForwardedClientCert(`URI,${good}`)).toThrow(mismatch)
  })

  it.each([
    ['nothing', ''],
    ['white space alone', ' '],
    ['an unquoted equals sign', 'URI=https://a?b=c'],
    ['an equals sign at the end', `Hash=${hex}=`],
    ['an unquoted quote', 'URI=https://a"b'],
    ['a quote behind a value', 'URI=https://a"'],
    ['a value behind a quote', 'URI="https://a"b'],
    ['a quote that does not end', 'Subject="CN=a'],
    ['a quote that ends behind a backslash', String.raw`Subject="CN=a\"`],
    ['a quote that would end behind two of them', String.raw`Subject="CN=a\\";URI=spiffe://prod.example/admin`],
    [
      'a quote that would go on behind two of them',
      String.raw`Subject="CN=a\\";URI=spiffe://prod.example/admin;DNS="b"`,
    ],
    ['a quote within a quote', 'Subject="CN="a""'],
    ['an unknown key', 'URI=a:1;SAN=b'],
    ['an unknown key in quotes', 'URI=a:1;SAN="b"'],
    ['a key that is longer than a known one', 'URIS=a:1'],
    ['a key of an object', 'constructor=a'],
    ['a key in quotes', '"URI"=a:1'],
    ['no key', '=a:1'],
    ['a key without a value', 'By='],
    ['a key without a value in quotes', 'DNS=""'],
    ['no equals sign', 'URI'],
    ['a space before the equals sign', 'URI =a:1'],
    ['a space behind the equals sign', 'URI= a:1'],
    ['a space in a value', 'URI=a:1 b'],
    ['a space behind a semicolon', 'URI=a:1; DNS=a'],
    ['a space before a semicolon', 'URI=a:1 ;DNS=a'],
    ['a space after it', 'URI=a:1 '],
    ['an empty element', 'URI=a:1,,URI=a:2'],
    ['an empty first element', ',URI=a:1'],
    ['an empty last element', 'URI=a:1,'],
    ['an empty pair', 'URI=a:1;;DNS=a'],
    ['an empty first pair', ';URI=a:1'],
    ['an empty last pair', 'URI=a:1;'],
    ['an empty last pair of an element', 'URI=a:1;,URI=a:2'],
    ['a control character', 'URI=a:\u00011'],
    ['a control character in quotes', 'Subject="CN=\u0001"'],
    ['a control character behind a backslash', 'Subject="CN=\\\u0001"'],
    ['a letter beyond ASCII', 'URI=a:é'],
    ['a letter beyond ASCII in quotes', 'Subject="CN=é"'],
    ['a line end after it', 'URI=a:1\n'],
    ['a Subject without quotes', 'Subject=a'],
    ['two hashes', `Hash=${hex};Hash=${otherHex}`],
    ['a hash twice', `Hash=${hex};hash=${hex}`],
    ['two subjects', 'Subject="CN=a";Subject="CN=b"'],
    ['two subjects, the first of them empty', 'Subject="";Subject="CN=b"'],
    ['a certificate twice', `Cert="${escapePem(pem)}";Cert="${escapePem(pem)}"`],
    ['a chain twice', `Chain="${escapePem(pem)}";Chain="${escapePem(pem)}"`],
    ['a hash that is none', `Hash=${hex.slice(2)}`],
    ['a hash in base64url', `Hash=${digest}`],
    ['two certificates where one should be', `Cert="${escapePem(pem + issuerPem)}"`],
    ['a certificate that is none', `Cert="${escapePem(pem).slice(0, 200)}"`],
    ['a chain that is none', `Chain="${escapePem(pem)}a"`],
    ['a certificate in base64', `Cert="${der.toString('base64')}"`],
    ['a percent sign that escapes nothing', `Cert="${escapePem(pem)}%"`],
    ['a certificate of another hash', `Hash=${hex};Cert="${escapePem(pem)}"`],
    ['a chain of another hash', `Hash=${hex};Chain="${escapePem(pem)}"`],
    ['a chain of another certificate', `Cert="${escapePem(pem)}";Chain="${escapePem(issuerPem + pem)}"`],
  ])('with %s', (_, value) => {
    expect(() => parseForwardedClientCert(value)).toThrow(mismatch)
    expect(() => parseForwardedClientCert(`${good},${value}`)).toThrow(mismatch)
  })

  it('beyond 32 elements', () => {
    const of = (count: number) => Array(count).fill('URI=a:1').join()
    expect(parseForwardedClientCert(of(32))).toHaveLength(32)
    expect(() => parseForwardedClientCert(of(33))).toThrow(mismatch)
  })

  it('beyond 65,536 characters', () => {
    expect(read('URI='.padEnd(65_536, 'a'))?.uris).toHaveLength(1)
    expect(() => parseForwardedClientCert('URI='.padEnd(65_537, 'a'))).toThrow(mismatch)
  })

  it('soon, however long a value goes on', () => {
    for (const start of ['Subject="', 'Subject="\\', 'URI=a'])
      for (const piece of ['a', '\\"', '\\\\', ' ', '\t'])
        expect(() => parseForwardedClientCert(`${start}${piece.repeat(30_000)}\u0001`)).toThrow(mismatch)
  })

  it('without a word of what it holds', () => {
    for (const value of [`URI=spiffe://prod.example/orders;Secret=1`, `Hash=${hex};Cert="${escapePem(pem)}"`])
      expect(() => parseForwardedClientCert(value)).toThrow(
        expect.objectContaining({ message: expect.not.stringMatching(/prod|468e|Secret|MII/i) }),
      )
  })
})
