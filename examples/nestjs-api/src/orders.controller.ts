import { Controller, Get } from '@nestjs/common'
import { Auth, scope } from '@sallyport/nestjs'
import { OrdersService } from './orders.service.js'

@Controller('orders')
@Auth(scope('read:orders'))
export class OrdersController {
  constructor(private readonly ordersService: OrdersService) {}

  @Get()
  findAll() {
    return this.ordersService.findAll()
  }
}
