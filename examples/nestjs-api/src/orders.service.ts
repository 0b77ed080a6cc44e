import { Injectable } from '@nestjs/common'

@Injectable()
export class OrdersService {
  findAll() {
    return [{ item: 'portcullis' }]
  }

  findOfTenant(tenant: string) {
    return [{ tenant }]
  }
}
