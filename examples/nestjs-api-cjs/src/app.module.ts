// A protected API: the line with AuthModule protects every route that does not say that it is public. SALLYPORT_ISSUER and
// SALLYPORT_AUDIENCE say who is trusted and who we are.
import { Module } from '@nestjs/common'
import { AuthModule } from '@sallyport/nestjs'
import { AppController } from './app.controller'
import { OrdersController } from './orders.controller'
import { OrdersService } from './orders.service'
import { TenantOrdersController } from './tenant-orders.controller'

@Module({
  imports: [AuthModule.forRoot()],
  controllers: [AppController, OrdersController, TenantOrdersController],
  providers: [OrdersService],
})
export class AppModule {}
