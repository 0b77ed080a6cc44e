// One controller with its provider, and the guard in front of it: AuthTestingModule stands in for AuthModule.
import type { INestApplication } from '@nestjs/common'
import { Test } from '@nestjs/testing'
import { AuthTestingModule, asUser } from '@sallyport/nestjs/testing'
import request from 'supertest'
import type { App } from 'supertest/types'
import { OrdersController } from './orders.controller'
import { OrdersService } from './orders.service'

describe('OrdersController', () => {
  let app: INestApplication<App>

  beforeEach(async () => {
    const moduleRef = await Test.createTestingModule({
      imports: [AuthTestingModule],
      controllers: [OrdersController],
      providers: [OrdersService],
    }).compile()
    app = moduleRef.createNestApplication()
    await app.init()
  })

  afterEach(() => app.close())

  it('shows the orders to whoever may read them', async () => {
    const headers = await asUser({ sub: 'ann', scope: 'read:orders' })
    await request(app.getHttpServer())
      .get('/orders')
      .set(headers)
      .expect(200, [{ item: 'portcullis' }])
  })

  it('refuses whoever may not', async () => {
    const headers = await asUser({ sub: 'ann', scope: 'read:menu' })
    await request(app.getHttpServer()).get('/orders').set(headers).expect(403)
  })

  it('returns the orders when it is called without Nest', () => {
    expect(app.get(OrdersController).findAll()).toEqual([{ item: 'portcullis' }])
  })
})
