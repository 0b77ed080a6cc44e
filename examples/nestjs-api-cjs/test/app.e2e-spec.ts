// The whole application as it is, and users of the test in place of an issuer's: nothing has to run beside it.
import type { INestApplication } from '@nestjs/common'
import { Test } from '@nestjs/testing'
import { asUser, trustTestUsers } from '@sallyport/nestjs/testing'
import request from 'supertest'
import type { App } from 'supertest/types'
import { AppModule } from './../src/app.module'

describe('AppModule (e2e)', () => {
  let app: INestApplication<App>

  beforeEach(async () => {
    const moduleRef = await trustTestUsers(Test.createTestingModule({ imports: [AppModule] })).compile()
    app = moduleRef.createNestApplication()
    await app.init()
  })

  afterEach(() => app.close())

  const get = (path: string) => request(app.getHttpServer()).get(path)

  it('/health is for everybody', () => get('/health').expect(200, { status: 'up' }))

  it('/menu says nothing of itself and is protected', async () => {
    await get('/menu').expect(401)
    await get('/menu')
      .set(await asUser())
      .expect(200, [{ item: 'portcullis' }])
  })

  it('/me says who passed', async () => {
    const headers = await asUser({ sub: 'ann', scope: 'read:orders read:menu' })
    await get('/me')
      .set(headers)
      .expect(200, { subject: 'ann', scopes: ['read:orders', 'read:menu'] })
  })

  it('/orders asks for a scope', async () => {
    const headers = await asUser({ scope: 'read:menu' })
    const { body } = await get('/orders').set(headers).expect(403)
    expect(body.code).toBe('scope_insufficient')
  })

  it("/tenants/:tenantId/orders is for the tenant's own people and for admins", async () => {
    const path = '/tenants/acme/orders'
    await get(path)
      .set(await asUser({ tenant: 'acme' }))
      .expect(200, [{ tenant: 'acme' }])
    await get(path)
      .set(await asUser({ roles: ['admin'] }))
      .expect(200)
    await get(path)
      .set(await asUser({ tenant: 'globex' }))
      .expect(403)
  })
})
