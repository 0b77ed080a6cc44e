import type { PeerCertificate } from 'node:tls'
import { describe, expect, it } from 'vitest'
import { serverMustBe } from './server-identity.js'

const id = 'spiffe://prod.example/orders'
const check = (subjectaltname: string | undefined) =>
  serverMustBe(['spiffe://prod.example/billing', id])('orders.example', { subjectaltname } as PeerCertificate)

describe('X509-SVID §2: the names of a server', () => {
  it.each([
    `URI:${id}`,
    `DNS:orders.example, URI:${id}`,
    `URI:${id}, IP Address:127.0.0.1`,
    `DNS:"a, b", URI:${id}`,
    'URI:spiffe://prod.example/billing',
  ])('%s', (names) => {
    expect(check(names)).toBeUndefined()
  })

  it.each([
    ['another ID', `URI:${id}-admin`],
    ['another trust domain', 'URI:spiffe://dev.example/orders'],
    ['two URIs', `URI:${id}, URI:https://example.com`],
    ['one ID twice', `URI:${id}, URI:${id}`],
    ['a host name of that text', `DNS:${id}`],
    ['a host name that holds one', `DNS:"x, URI:${id}"`],
    ['a host name that holds one, and does not end', `DNS:"x, URI:${id}`],
    ['a quoted one', `URI:"${id}"`],
    ['something after it', `URI:${id},DNS:a`],
    ['nothing', ''],
    ['no names at all', undefined],
  ])('not %s', (_, names) => {
    expect(check(names)).toBeInstanceOf(Error)
  })
})
