// Ways round a guard that peers had: a path that the router, a proxy or the guard reads in another way than the others, another
// method, a parameter that is decoded once too often.

import { scope } from '@sallyport/core'
import { expect, it } from 'vitest'
import { type ContractWorld, expectRefused, expectSame } from '../world.js'

/** All of `/admin`, if one reads them so. */
const disguises = [
  '/admin',
  '/%61dmin',
  '/%61%64%6D%69n',
  '/%2561dmin',
  '//admin',
  '///admin',
  '/admin/',
  '/admin//',
  '/ADMIN',
  '/%41dmin/',
  '/./admin',
  '/%2e/admin',
  '/x/../admin',
  '/x/%2e%2e/admin',
  '/admin/.',
  '/admin/..;/admin',
  '/admin;',
  '/admin;x=1',
  '/admin%2f',
  '/%2fadmin',
  '/..%2fadmin',
  '/admin%00',
  '/admin%20',
  '/admin\\',
  '/admin?',
  '/admin#x',
  'http://localhost/admin',
  'http://localhost/%61dmin/',
]

const overridden = ['X-HTTP-Method-Override: GET', 'X-HTTP-Method: GET', 'X-Method-Override: GET']

/** What comes after `/tenants/`, and whether a router that decodes it once finds `t1`. */
const parameters: readonly (readonly [string, boolean])[] = [
  ['t%31', true],
  ['%74%31', true],
  ['%741', true],
  ['t1?tenantId=t2', true],
  ['t%2531', false],
  ['%2574%2531', false],
  ['T1', false],
  ['t1%20', false],
  ['t1%00', false],
  ['t1%0a', false],
  ['t1;x=1', false],
  ['t1%2F', false],
  ['%2ft1', false],
  ['t2%2f..%2ft1', false],
  ['t%EF%BC%91', false],
  ['t1,t2', false],
  ['t%3', false],
  ['%ff', false],
]

export function pathCases(world: () => ContractWorld): void {
  it.each(disguises)('%s is no way round the guard of /admin', async (path) => {
    const { app, bearer } = world()
    for (const lines of [[], ['Authorization: Bearer x'], [await bearer({ scope: 'read:orders' })]]) {
      for (const method of ['GET', 'HEAD', 'POST']) {
        expectRefused(await app.send(`${method} ${path}`, lines), `${method} ${path} ${lines.length}`)
      }
      expectRefused(await app.send(`POST ${path}`, [...lines, ...overridden]), `POST ${path} as GET`)
      const options = await app.send(`OPTIONS ${path}`, [...lines, ...overridden]) // frameworks list the methods of a route
      expect(options.body).not.toContain('in as')
    }
  })

  it('HEAD is answered as GET, without the body', async () => {
    const { app, bearer, expected } = world()
    for (const lines of [[], ['Authorization: Bearer x'], [await bearer({ scope: 'read:orders' })]]) {
      expectSame(await app.send('HEAD /admin', lines), await expected(lines, scope('admin')), true)
    }
    const answer = await app.send('HEAD /admin', [await bearer({ scope: 'admin' })])
    expect(answer).toMatchObject({ status: 200, body: '' })
  })

  it.each(['/tenants', '/named'])('the parameter of %s is decoded by the router, once', async (path) => {
    const { app, bearer } = world()
    const ann = await bearer({ tenant: 't1' })
    for (const [value, isOurs] of parameters) {
      const answer = await app.send(`GET ${path}/${value}`, [ann])
      if (isOurs) expect(answer.status, value).toBe(200)
      else expectRefused(answer, value)
    }
  })
}
