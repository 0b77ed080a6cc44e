import { ConfigurationError } from '@sallyport/core'
import { describe, expect, it } from 'vitest'
import { judgeClientOptions, type ServiceClientOptions } from './client-options.js'
import { clientCredentials } from './tokens/client-credentials.js'

const judge = (options: object, environment = {}) => judgeClientOptions(options as ServiceClientOptions, environment)
const files = { certFile: 'a.pem', keyFile: 'b.pem' }

describe('the check of the server', () => {
  it.each([
    ['an option', { rejectUnauthorized: false }],
    ['an option that says what is so anyway', { rejectUnauthorized: true }],
    ['an option of `tls`', { tls: { ...files, rejectUnauthorized: false } }],
    ['a check of one’s own', { tls: { ...files, checkServerIdentity: () => undefined } }],
    ['a check of one’s own, left out', { checkServerIdentity: undefined }],
  ])('has no switch: %s', (_, options) => {
    expect(() => judge(options)).toThrow(/always verified/)
  })

  it('has no switch in the environment', () => {
    expect(() => judge({}, { NODE_TLS_REJECT_UNAUTHORIZED: '0' })).toThrow(ConfigurationError)
    expect(judge({}, { NODE_TLS_REJECT_UNAUTHORIZED: '1' }).name).toBe('client')
  })
})

describe('what does not build', () => {
  it.each([
    ['an unknown option', { timeout: 1 }],
    ['an unknown option of `tls`', { tls: { ...files, ca: 'x' } }],
    ['an unknown option of a SPIFFE folder', { tls: { spiffeFolder: '/run', caFile: 'x' } }],
    ['a certificate without its key', { tls: { certFile: 'a.pem' } }],
    ['a key without its certificate', { tls: { keyFile: 'a.pem', caFile: 'c.pem' } }],
    ['`tls` that says nothing', { tls: {} }],
    ['`tls` that is null', { tls: null }],
    ['an empty folder', { tls: { spiffeFolder: '' } }],
    ['a SPIFFE ID without a path', { tls: { spiffeFolder: '/run', serverIds: 'spiffe://prod.example' } }],
    ['a SPIFFE ID with a slash at the end', { tls: { spiffeFolder: '/run', serverIds: 'spiffe://prod.example/a/' } }],
    ['a SPIFFE ID with dots', { tls: { spiffeFolder: '/run', serverIds: 'spiffe://prod.example/../a' } }],
    ['a SPIFFE ID in capitals', { tls: { spiffeFolder: '/run', serverIds: 'spiffe://Prod.example/a' } }],
    ['no SPIFFE ID', { tls: { spiffeFolder: '/run', serverIds: [] } }],
    ['an origin without TLS', { origins: 'http://orders.example.com' }],
    ['an origin with a path', { origins: 'https://orders.example.com/v1' }],
    ['no origin', { origins: [] }],
    ['a token as text', { token: 'abc' }],
    ['no time', { timeoutSeconds: 0 }],
    ['time without end', { drainSeconds: Number.POSITIVE_INFINITY }],
    ['no connection', { connectionsPerOrigin: 0 }],
    ['a clock that stands', { clock: 5 }],
  ])('%s', (_, options) => {
    expect(() => judge(options)).toThrow(ConfigurationError)
  })
})

describe('a token', () => {
  const token = clientCredentials({ issuer: 'https://idp.example.com', clientId: 'a', clientSecret: 'secret' })

  it('goes nowhere unless it is said where', () => {
    expect(() => judge({ token })).toThrow('`origins`')
    expect(() => judge({ token, dangerouslyAllowAnyOrigin: 'yes' })).toThrow('`origins`')
    expect(judge({ token, origins: 'https://orders.example.com' }).origins).toHaveLength(1)
    expect(judge({ token, dangerouslyAllowAnyOrigin: true }).origins).toEqual([])
  })
})

describe('what builds', () => {
  it('without any', () => {
    expect(judge({})).toMatchObject({ timeoutSeconds: 10, connectTimeoutSeconds: 5, connectionsPerOrigin: 64 })
    expect(judge({})).toMatchObject({ reloadSeconds: 10, drainSeconds: 30, origins: [], paths: undefined })
  })

  it('with the files of spiffe-helper', () => {
    const { paths, checkServer } = judge({
      tls: { spiffeFolder: '/run/spiffe/', serverIds: 'spiffe://prod.example/a/b' },
    })
    expect(paths).toEqual({
      cert: '/run/spiffe/svid.pem',
      key: '/run/spiffe/svid_key.pem',
      ca: '/run/spiffe/bundle.pem',
    })
    expect(checkServer).toBeTypeOf('function')
  })

  it('with an origin that has a slash, or is this machine', () => {
    const { origins } = judge({ origins: ['https://orders.example.com/', 'http://127.0.0.1:8080', 'http://[::1]:1'] })
    expect(origins).toEqual(['https://orders.example.com', 'http://127.0.0.1:8080', 'http://[::1]:1'])
  })
})
