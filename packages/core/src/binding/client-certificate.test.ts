import { describe, expect, it } from 'vitest'
import { createTestAuthority, createTestCertificate } from '../../../../test/fixtures/der-certificates.js'
import { connectionWith } from '../../../../test/fixtures/svids.js'
import { createAddressRanges } from '../addresses.js'
import { ConfigurationError } from '../errors.js'
import { certificateThumbprint } from '../jose/certificate.js'
import type { VerifiableRequest } from '../request/verifiable-request.js'
import {
  type ClientCertificateSource,
  clientCertificate,
  judgeCertificateSource,
  shownCertificate,
} from './client-certificate.js'

const [ann, bob] = [createTestCertificate({ subject: 'ann' }), createTestCertificate({ subject: 'bob' })]
const [annPrint, bobPrint] = [certificateThumbprint(ann.der), certificateThumbprint(bob.der)]
const hex = (der: Buffer): string => Buffer.from(certificateThumbprint(der), 'base64url').toString('hex')
const proxies = createAddressRanges(['10.0.0.0/8'], 'it')

function shown(source: ClientCertificateSource, request: Partial<VerifiableRequest>): string | undefined {
  const place = judgeCertificateSource(source, proxies)
  return clientCertificate({ headers: {}, remoteAddress: '10.0.0.1', ...request }, place)
}

const values: Readonly<Record<string, string>> = {
  'x-forwarded-client-cert': `Hash=${hex(ann.der)}`,
  'client-cert': `:${ann.der.toString('base64')}:`,
  'ssl-client-cert': encodeURIComponent(ann.pem),
}
const names = Object.keys(values) as Exclude<ClientCertificateSource, 'tls' | object>[]

describe('R-8705-1: the certificate of the connection', () => {
  it('is that of our own TLS server', () => {
    const socket = { getPeerX509Certificate: () => ({ raw: ann.der }) }
    expect(shown('tls', { socket })).toBe(annPrint)
    expect(shown('tls', { socket: { getPeerX509Certificate: () => undefined } })).toBeUndefined()
    expect(shown('tls', { socket: {} })).toBeUndefined()
    expect(shown('tls', {})).toBeUndefined()
  })

  it('is not that of a header, where TLS is ours', () => {
    expect(shown('tls', { headers: values })).toBeUndefined()
  })
})

describe.each(names)('R-9700-3: %s', (name) => {
  const headers = { [name]: values[name] as string }

  it('is believed from a trusted proxy', () => {
    expect(shown(name, { headers })).toBe(annPrint)
    expect(shown(name, { headers, remoteAddress: undefined, socket: { remoteAddress: '::ffff:10.0.0.1' } })).toBe(
      annPrint,
    )
  })

  it('is believed from nobody else', () => {
    expect(shown(name, { headers, remoteAddress: '192.0.2.1' })).toBeUndefined()
    expect(shown(name, { headers, remoteAddress: undefined })).toBeUndefined()
    const socket = { remoteAddress: '192.0.2.1', getPeerX509Certificate: () => ({ raw: ann.der }) }
    expect(shown(name, { headers, remoteAddress: undefined, socket })).toBeUndefined()
  })

  it('is the only one that is read', () => {
    for (const other of names.filter((each) => each !== name))
      expect(shown(name, { headers: { [other]: values[other] as string } })).toBeUndefined()
  })

  it('is refused where a trusted proxy writes nonsense', () => {
    const refused = expect.objectContaining({ code: 'binding_mismatch' })
    for (const nonsense of ['', 'x', `${values[name]}x`])
      expect(() => shown(name, { headers: { [name]: nonsense } }), nonsense).toThrow(refused)
  })

  it('does not build where nobody is trusted', () => {
    expect(() => judgeCertificateSource(name, undefined)).toThrow('`trustedProxies`')
  })
})

describe('one value', () => {
  it.each(['client-cert', 'ssl-client-cert'] as const)('R-9440-1: is asked of %s, and not two lines', (name) => {
    const rawHeaders = [name, values[name] as string, name, values[name] as string]
    expect(() => shown(name, { rawHeaders })).toThrow(expect.objectContaining({ code: 'binding_mismatch' }))
  })
})

describe('R-XFCC-3: elements', () => {
  const [anns, bobs] = [`Hash=${hex(ann.der)};Subject="CN=ann"`, `Cert="${encodeURIComponent(bob.pem)}"`]

  it('are believed from the right, as many as there are proxies of ours', () => {
    const headers = { 'x-forwarded-client-cert': `${anns},${bobs}` }
    expect(shown('x-forwarded-client-cert', { headers: { 'x-forwarded-client-cert': bobs } })).toBe(bobPrint)
    expect(shown({ header: 'x-forwarded-client-cert', hops: 2 }, { headers })).toBe(annPrint)
    expect(shown({ header: 'x-forwarded-client-cert', hops: 3 }, { headers })).toBeUndefined()
  })

  it('may come in several lines', () => {
    const rawHeaders = ['X-Forwarded-Client-Cert', anns, 'x-forwarded-client-cert', bobs]
    expect(shown({ header: 'x-forwarded-client-cert', hops: 2 }, { rawHeaders })).toBe(annPrint)
  })

  it('are not believed at all where there are more, wherever somebody else has put theirs', () => {
    const mismatch = expect.objectContaining({ code: 'binding_mismatch', message: expect.stringMatching(/`hops`/) })
    for (const value of [`${anns},${bobs}`, `${bobs},${anns}`, `Hash=${hex(bob.der)};URI=x,By=y;Hash=${hex(ann.der)}`])
      for (const source of ['x-forwarded-client-cert', { header: 'x-forwarded-client-cert' }] as const)
        expect(() => shown(source, { headers: { 'x-forwarded-client-cert': value } })).toThrow(mismatch)
  })

  it('say nothing of a certificate where they have neither its hash nor itself', () => {
    const headers = { 'x-forwarded-client-cert': 'Subject="CN=bob"' }
    expect(shown('x-forwarded-client-cert', { headers })).toBeUndefined()
  })
})

describe('the option', () => {
  it.each([
    'TLS',
    '',
    'x-ssl-cert',
    null,
    true,
    {},
    { header: 'client-cert' },
    { header: 'x-forwarded-client-cert', hop: 1 },
    { header: 'x-forwarded-client-cert', hops: 0 },
    { header: 'x-forwarded-client-cert', hops: 1.5 },
    { header: 'x-forwarded-client-cert', hops: 17 },
  ])('cannot be %j', (source) => {
    expect(() => judgeCertificateSource(source as ClientCertificateSource, proxies)).toThrow(ConfigurationError)
  })
})

describe('what came along with a certificate', () => {
  const place = judgeCertificateSource('tls', undefined)
  const along = createTestAuthority({ subject: 'eve' })
  const ders = (request: VerifiableRequest, where = place) => {
    const { leaf, behind = () => [] } = shownCertificate(request, where) ?? {}
    return leaf && [leaf, ...behind()]
  }

  it('is known as long as the connection is, although Node shows it once', () => {
    const request = connectionWith(ann, along)
    expect(clientCertificate(request, place)).toBe(annPrint)
    for (let time = 0; time < 3; time++)
      expect(ders({ headers: {}, socket: request.socket })).toEqual([ann.der, along.der])
    expect(ders(connectionWith(ann))).toEqual([ann.der])
  })

  it('is forgotten where the connection has another certificate by now', () => {
    let shown = { raw: ann.der, issuerCertificate: { raw: along.der } } as { raw: Buffer }
    const request = { headers: {}, socket: { getPeerX509Certificate: () => shown } }
    expect(ders(request)).toEqual([ann.der, along.der])
    shown = { raw: bob.der }
    expect(ders(request)).toEqual([bob.der])
    shown = { raw: bob.der, issuerCertificate: { raw: ann.der } } as { raw: Buffer }
    expect(ders(request)).toEqual([bob.der, ann.der])
    shown = { raw: bob.der }
    expect(ders(request)).toEqual([bob.der, ann.der])
  })

  it('is eight certificates at most', () => {
    const many = Array.from({ length: 12 }, () => along)
    expect(ders(connectionWith(ann, ...many))).toHaveLength(9)
  })

  it('is nothing where there is no certificate, and no connection', () => {
    expect(ders(connectionWith())).toBeUndefined()
    expect(ders({ headers: {} })).toBeUndefined()
    expect(ders({ headers: {}, socket: {} })).toBeUndefined()
  })

  it('is not what `Client-Cert-Chain` says, where another header has the certificate', () => {
    const headers = { ...values, 'client-cert-chain': `:${bob.der.toString('base64')}:` }
    const request = { headers, remoteAddress: '10.0.0.1' }
    const chainOf = (name: (typeof names)[number]) => ders(request, judgeCertificateSource(name, proxies))
    expect(chainOf('ssl-client-cert')).toEqual([ann.der])
    expect(chainOf('client-cert')).toEqual([ann.der, bob.der])
  })

  it('is not what a header says, where TLS is ours', () => {
    const headers = { ...values, 'client-cert-chain': `:${bob.der.toString('base64')}:` }
    expect(ders({ ...connectionWith(ann), headers, remoteAddress: '10.0.0.1' })).toEqual([ann.der])
  })
})
