// A small application as it may be written for any build: what is injected is said with @Inject, so nobody has to derive it
// from types.
import { Controller, Get, Inject, Injectable, Module, Param } from '@nestjs/common'
import type { Verifier } from '@sallyport/core'
import { createTestIssuer, type TestIssuer } from '@sallyport/core/testing'
import { Auth, AuthModule, Claim, CurrentAuth, type Principal, Public, scope, VERIFIER } from '@sallyport/nestjs'

export const ISSUER = Symbol('the issuer')

@Injectable()
export class OrdersService {
  readonly #verifier: Verifier

  constructor(@Inject(VERIFIER) verifier: Verifier) {
    this.#verifier = verifier
  }

  async ownerOf(id: string, auth: Principal): Promise<string> {
    const { subject } = await this.#verifier.verifyToken(auth.token)
    return `${id} of ${subject}`
  }
}

@Auth(scope('read:orders'))
@Controller('orders')
export class OrdersController {
  readonly #orders: OrdersService

  constructor(@Inject(OrdersService) orders: OrdersService) {
    this.#orders = orders
  }

  @Get(':id')
  async find(@Param('id') id: string, @CurrentAuth() auth: Principal, @Claim('tenant') tenant: string) {
    return { order: await this.#orders.ownerOf(id, auth), tenant }
  }
}

@Controller()
export class AppController {
  @Get('menu')
  menu() {
    return 'portcullis'
  }

  @Public()
  @Get('health')
  health() {
    return 'up'
  }
}

@Module({ providers: [{ provide: ISSUER, useFactory: () => createTestIssuer() }], exports: [ISSUER] })
class IssuerModule {}

@Module({
  imports: [
    IssuerModule,
    AuthModule.forRootAsync({
      imports: [IssuerModule],
      inject: [ISSUER],
      useFactory: ({ issuer, audience }: TestIssuer) => ({ issuer, audience }),
    }),
  ],
  controllers: [AppController, OrdersController],
  providers: [OrdersService],
})
export class AppModule {}
