import { Controller, Get } from '@nestjs/common'
import { CurrentAuth, type Principal, Public } from '@sallyport/nestjs'

@Controller()
export class AppController {
  @Public()
  @Get('health')
  health() {
    return { status: 'up' }
  }

  // Says nothing of itself, so it asks for a token.
  @Get('menu')
  menu() {
    return [{ item: 'portcullis' }]
  }

  @Get('me')
  me(@CurrentAuth() { subject, scopes }: Principal) {
    return { subject, scopes }
  }
}
