import { generateKeyPairSync, X509Certificate } from 'node:crypto'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import {
  basicConstraints,
  createTestAuthority,
  createTestCertificate,
  createTestKey,
  der,
  extension,
  keyUsage,
  noon,
  sequence,
  svidExtensions,
  type TestCertificate,
  type TestCertificateOptions,
} from '../../../../test/fixtures/der-certificates.js'
import { dersOfPem } from './certificate.js'
import { chainsTo } from './certificate-path.js'
import { readSvid } from './x509-svid.js'

const extensions = svidExtensions('spiffe://prod.example/orders')
const leafOf = (issuer: TestCertificate, options: TestCertificateOptions = {}) =>
  createTestCertificate({ subject: 'leaf', issuer, extensions, ...options })

const root = createTestAuthority({ subject: 'root' })
const middle = createTestAuthority({ subject: 'middle', issuer: root })
const leaf = leafOf(middle)

const chains = (
  leaf: TestCertificate,
  intermediates: readonly TestCertificate[] = [],
  roots: readonly TestCertificate[] = [root],
  now = noon,
) => {
  const [ders, rootDers] = [intermediates, roots].map((certificates) =>
    certificates.map((certificate) => certificate.der),
  )
  return chainsTo(leaf.der, ders as Buffer[], rootDers as Buffer[], now)
}

/** Authorities, each issued by the one before; the first by the root. */
function line(length: number, pathLength?: number): TestCertificate[] {
  const authorities: TestCertificate[] = []
  for (let index = 0; index < length; index++) {
    const options = { subject: `authority ${index}`, issuer: authorities.at(-1) ?? root }
    authorities.push(createTestAuthority(pathLength === undefined ? options : { ...options, pathLength }))
  }
  return authorities
}

describe('R-XSVID-1: a certificate chains to the bundle of its trust domain', () => {
  it('directly, or through an intermediate', () => {
    expect(chains(leafOf(root))).toBe(true)
    expect(chains(leaf, [middle])).toBe(true)
  })

  it('not without the intermediate, and not to no root', () => {
    expect(chains(leaf)).toBe(false)
    expect(chains(leaf, [middle], [])).toBe(false)
  })

  it('whatever else came along, in any order', () => {
    const stranger = createTestAuthority({ subject: 'stranger' })
    expect(chains(leaf, [stranger, leaf, root, middle], [stranger, root])).toBe(true)
  })

  it('not to the bundle of another trust domain', () => {
    const bundles = new Map([
      ['prod.example', [root]],
      ['test.example', [createTestAuthority({ subject: 'root' })]],
    ])
    const chainsHome = (leaf: TestCertificate) =>
      chains(leaf, [middle], bundles.get(readSvid(leaf.der).trustDomain) ?? [])
    expect(chainsHome(leaf)).toBe(true)
    expect(chainsHome(leafOf(middle, { extensions: svidExtensions('spiffe://test.example/orders') }))).toBe(false)
    expect(chainsHome(leafOf(middle, { extensions: svidExtensions('spiffe://else.example/orders') }))).toBe(false)
  })

  it('not to an authority of the same name with another key', () => {
    const impostor = createTestAuthority({ subject: 'root' })
    expect(chains(leafOf(impostor))).toBe(false)
    expect(chains(leafOf(impostor), [impostor])).toBe(false)
    expect(chains(leafOf(impostor), [], [root, impostor])).toBe(true)
  })

  it('not to an authority of another name with the same key', () => {
    const renamed = createTestAuthority({ subject: 'renamed', key: root.key })
    expect(chains(leafOf(root), [], [renamed])).toBe(false)
  })

  it('not through a leaf', () => {
    expect(chains(leafOf(leaf), [leaf, middle])).toBe(false)
    expect(chains(leafOf(leaf), [middle], [root, leaf])).toBe(false)
  })

  it('not where it signed itself', () => {
    const own = createTestCertificate({ subject: 'leaf', extensions })
    expect(chains(own, [own])).toBe(false)
  })

  it('not where it is a root itself', () => {
    const own = createTestCertificate({ subject: 'leaf', extensions })
    expect(chains(own, [], [own])).toBe(false)
    expect(chains(root)).toBe(false)
    expect(chains(leaf, [middle], [root, leaf])).toBe(false)
  })
})

describe('RFC 5280 §6.1.4: who may issue', () => {
  it.each([
    ['not CA', [basicConstraints(false), keyUsage(['keyCertSign'])]],
    ['without basicConstraints', [keyUsage(['keyCertSign'])]],
    ['without keyCertSign (R-XSVID-2)', [basicConstraints(true), keyUsage(['digitalSignature', 'cRLSign'])]],
    ['without keyUsage', [basicConstraints(true)]],
    ['with constraints of names', [basicConstraints(true), keyUsage(['keyCertSign']), extension('551d1e', sequence())]],
    [
      'with something critical and unknown',
      [basicConstraints(true), keyUsage(['keyCertSign']), extension('2a03', der(0x05), true)],
    ],
  ])('nobody %s', (_, extensions) => {
    const authority = createTestAuthority({ subject: 'middle', issuer: root, extensions })
    expect(chains(leafOf(authority), [authority])).toBe(false)
    const anchor = createTestAuthority({ subject: 'anchor', extensions })
    expect(chains(leafOf(anchor), [], [anchor])).toBe(false)
  })

  it('nobody whose key is of a kind that cannot sign', () => {
    const { publicKey: spki } = generateKeyPairSync('x25519', {
      publicKeyEncoding: { type: 'spki', format: 'der' },
      privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
    })
    const authority = createTestAuthority({ subject: 'middle', issuer: root, key: { spki, pem: root.key.pem } })
    expect(chains(leafOf(authority), [authority])).toBe(false)
    // Nor one whose key Node does not know at all.
    const unknown = Buffer.from(createTestKey().spki)
    unknown[6] = 0x2b
    const other = createTestAuthority({ subject: 'middle', issuer: root, key: { spki: unknown, pem: root.key.pem } })
    expect(chains(leafOf(other), [other])).toBe(false)
  })

  it('as many below as its pathLenConstraint says (§4.2.1.9)', () => {
    const [first, second, third] = line(3) as [TestCertificate, TestCertificate, TestCertificate]
    const anchors = [0, 1, 2].map((pathLength) => createTestAuthority({ subject: 'root', key: root.key, pathLength }))
    const reach = (leaf: TestCertificate) => anchors.map((anchor) => chains(leaf, [first, second, third], [anchor]))
    expect(reach(leafOf(root))).toEqual([true, true, true])
    expect(reach(leafOf(first))).toEqual([false, true, true])
    expect(reach(leafOf(second))).toEqual([false, false, true])
    expect(reach(leafOf(third))).toEqual([false, false, false])
  })

  it('as many below an intermediate as its pathLenConstraint says', () => {
    const [first, second] = line(2, 0) as [TestCertificate, TestCertificate]
    expect(chains(leafOf(first), [first, second])).toBe(true)
    expect(chains(leafOf(second), [first, second])).toBe(false)
  })
})

describe('RFC 5280 §6.1.3: dates', () => {
  const [notBefore, notAfter] = [noon - 100, noon + 100]
  const briefRoot = createTestAuthority({ subject: 'root', key: root.key, notBefore, notAfter })
  const briefMiddle = createTestAuthority({ subject: 'middle', issuer: root, key: middle.key, notBefore, notAfter })

  it.each([
    ['the leaf', leafOf(middle, { notBefore, notAfter }), middle, root],
    ['an intermediate', leaf, briefMiddle, root],
    ['the root', leaf, middle, briefRoot],
  ])('are those of %s, both ends included', (_, leaf, middle, root) => {
    const at = (now: number) => chains(leaf, [middle], [root], now)
    expect([notBefore - 1, notBefore, noon, notAfter, notAfter + 1].map(at)).toEqual([false, true, true, true, false])
    expect(at(Number.NaN)).toBe(false)
  })
})

describe('bounds of a path', () => {
  it('are five certificates', () => {
    const four = line(4)
    expect(chains(leafOf(four[2] as TestCertificate), four)).toBe(true)
    expect(chains(leafOf(four[3] as TestCertificate), four)).toBe(false)
  })

  it('are eight intermediates', () => {
    expect(chains(leaf, [...Array(7).fill(leaf), middle])).toBe(true)
    expect(chains(leaf, [...Array(8).fill(leaf), middle])).toBe(false)
  })

  it('are one look at each intermediate, however much they vouch for each other', () => {
    const { key } = createTestAuthority()
    const crossed = Array.from({ length: 8 }, () => createTestAuthority({ subject: 'crossed', key }))
    const verify = vi.spyOn(X509Certificate.prototype, 'verify')
    onTestFinished(() => verify.mockRestore())
    expect(chains(leafOf(crossed[0] as TestCertificate), crossed)).toBe(false)
    expect(verify).toHaveBeenCalledTimes(8)
  })

  it('end where authorities vouch for each other', () => {
    const [left, right] = [createTestAuthority({ subject: 'left' }), createTestAuthority({ subject: 'right' })]
    const crossed = [
      createTestAuthority({ subject: 'left', key: left.key, issuer: right }),
      createTestAuthority({ subject: 'right', key: right.key, issuer: left }),
    ]
    expect(chains(leafOf(left), [left, right, ...crossed])).toBe(false)
    expect(chains(leafOf(left), crossed, [right])).toBe(true)
  })

  it('are what can be read', () => {
    const spoiled = Buffer.concat([middle.der, Buffer.alloc(1)])
    expect(chainsTo(leaf.der, [spoiled], [root.der], noon)).toBe(false)
    expect(chainsTo(leaf.der, [spoiled, middle.der], [Buffer.alloc(0), root.der], noon)).toBe(true)
    expect(chainsTo(Buffer.concat([leaf.der, Buffer.alloc(1)]), [middle.der], [root.der], noon)).toBe(false)
  })
})

// RFC 9440 Appendix A: made by somebody else, with other tools.
const rfcChain = `-----BEGIN CERTIFICATE-----
MIIBqDCCAU6gAwIBAgIBBzAKBggqhkjOPQQDAjA6MRswGQYDVQQKDBJMZXQncyBB
dXRoZW50aWNhdGUxGzAZBgNVBAMMEkxBIEludGVybWVkaWF0ZSBDQTAeFw0yMDAx
MTQyMjU1MzNaFw0yMTAxMjMyMjU1MzNaMA0xCzAJBgNVBAMMAkJDMFkwEwYHKoZI
zj0CAQYIKoZIzj0DAQcDQgAE8YnXXfaUgmnMtOXU/IncWalRhebrXmckC8vdgJ1p
5Be5F/3YC8OthxM4+k1M6aEAEFcGzkJiNy6J84y7uzo9M6NyMHAwCQYDVR0TBAIw
ADAfBgNVHSMEGDAWgBRm3WjLa38lbEYCuiCPct0ZaSED2DAOBgNVHQ8BAf8EBAMC
BsAwEwYDVR0lBAwwCgYIKwYBBQUHAwIwHQYDVR0RAQH/BBMwEYEPYmRjQGV4YW1w
bGUuY29tMAoGCCqGSM49BAMCA0gAMEUCIBHda/r1vaL6G3VliL4/Di6YK0Q6bMje
SkC3dFCOOB8TAiEAx/kHSB4urmiZ0NX5r5XarmPk0wmuydBVoU4hBVZ1yhk=
-----END CERTIFICATE-----
-----BEGIN CERTIFICATE-----
MIIB5jCCAYugAwIBAgIBFjAKBggqhkjOPQQDAjBWMQswCQYDVQQGEwJVUzEbMBkG
A1UECgwSTGV0J3MgQXV0aGVudGljYXRlMSowKAYDVQQDDCFMZXQncyBBdXRoZW50
aWNhdGUgUm9vdCBBdXRob3JpdHkwHhcNMjAwMTE0MjEzMjMwWhcNMzAwMTExMjEz
MjMwWjA6MRswGQYDVQQKDBJMZXQncyBBdXRoZW50aWNhdGUxGzAZBgNVBAMMEkxB
IEludGVybWVkaWF0ZSBDQTBZMBMGByqGSM49AgEGCCqGSM49AwEHA0IABJf+aA54
RC5pyLAR5yfXVYmNpgd+CGUTDp2KOGhc0gK91zxhHesEYkdXkpS2UN8Kati+yHtW
CV3kkhCngGyv7RqjZjBkMB0GA1UdDgQWBBRm3WjLa38lbEYCuiCPct0ZaSED2DAf
BgNVHSMEGDAWgBTEA2Q6eecKu9g9yb5glbkhhVINGDASBgNVHRMBAf8ECDAGAQH/
AgEAMA4GA1UdDwEB/wQEAwIBhjAKBggqhkjOPQQDAgNJADBGAiEA5pLvaFwRRkxo
mIAtDIwg9D7gC1xzxBl4r28EzmSO1pcCIQCJUShpSXO9HDIQMUgH69fNDEMHXD3R
RX5gP7kuu2KGMg==
-----END CERTIFICATE-----
-----BEGIN CERTIFICATE-----
MIICBjCCAaygAwIBAgIJAKS0yiqKtlhoMAoGCCqGSM49BAMCMFYxCzAJBgNVBAYT
AlVTMRswGQYDVQQKDBJMZXQncyBBdXRoZW50aWNhdGUxKjAoBgNVBAMMIUxldCdz
IEF1dGhlbnRpY2F0ZSBSb290IEF1dGhvcml0eTAeFw0yMDAxMTQyMTI1NDVaFw00
MDAxMDkyMTI1NDVaMFYxCzAJBgNVBAYTAlVTMRswGQYDVQQKDBJMZXQncyBBdXRo
ZW50aWNhdGUxKjAoBgNVBAMMIUxldCdzIEF1dGhlbnRpY2F0ZSBSb290IEF1dGhv
cml0eTBZMBMGByqGSM49AgEGCCqGSM49AwEHA0IABFoaHU+Z5bPKmGzlYXtCf+E6
HYj62fORaHDOrt+yyh3H/rTcs7ynFfGn+gyFsrSP3Ez88rajv+U2NfD0o0uZ4Pmj
YzBhMB0GA1UdDgQWBBTEA2Q6eecKu9g9yb5glbkhhVINGDAfBgNVHSMEGDAWgBTE
A2Q6eecKu9g9yb5glbkhhVINGDAPBgNVHRMBAf8EBTADAQH/MA4GA1UdDwEB/wQE
AwIBhjAKBggqhkjOPQQDAgNIADBFAiEAmAeg1ycKHriqHnaD4M/UDBpQRpkmdcRF
YGMg1Qyrkx4CIB4ivz3wQcQkGhcsUZ1SOImd/lq1Q0FLf09rGfLQPWDc
-----END CERTIFICATE-----
`

describe('RFC 9440 Appendix A: its chain', () => {
  const [leaf, middle, root] = dersOfPem(rfcChain) as [Uint8Array, Uint8Array, Uint8Array]
  const seconds = (text: string) => Date.parse(text) / 1000

  it('holds while its leaf does', () => {
    const at = (text: string) => chainsTo(leaf, [middle], [root], seconds(text))
    expect(at('2020-01-14T22:55:32Z')).toBe(false)
    expect(at('2020-01-14T22:55:33Z')).toBe(true)
    expect(at('2021-01-23T22:55:33Z')).toBe(true)
    expect(at('2021-01-23T22:55:34Z')).toBe(false)
  })

  it('is one: a part of it does not hold', () => {
    const now = seconds('2020-06-01T00:00:00Z')
    expect(chainsTo(leaf, [], [root], now)).toBe(false)
    expect(chainsTo(leaf, [], [middle], now)).toBe(true)
  })

  it('is of no SPIFFE ID: its leaf has a name for mail alone', () => {
    expect(() => readSvid(leaf)).toThrow(expect.objectContaining({ name: 'SvidError' }))
  })
})
