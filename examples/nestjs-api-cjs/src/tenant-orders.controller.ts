import { Controller, Get, Param } from '@nestjs/common'
import { Auth, anyOf, claim, param, role } from '@sallyport/nestjs'
import { OrdersService } from './orders.service'

/** Whoever works for the tenant, and the admins of all of them. */
const ofTenant = anyOf(role('admin'), claim('tenant').equals(param('tenantId')))

@Controller('tenants/:tenantId/orders')
@Auth(ofTenant)
export class TenantOrdersController {
  constructor(private readonly ordersService: OrdersService) {}

  @Get()
  findOfTenant(@Param('tenantId') tenantId: string) {
    return this.ordersService.findOfTenant(tenantId)
  }
}
