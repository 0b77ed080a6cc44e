import { Controller, Get } from '@nestjs/common'
import type { NamedPolicy } from '@sallyport/core'
import { Auth, AuthModule } from '@sallyport/nestjs'
import { byRule, policyServicesContract } from '../services/policy-services.contract.js'
import { moduleOf, platforms, serveNest } from './served-nest.js'

/** On a class and on a method, a policy is asked after a guard has passed: by `authorize`. */
function controllersWith(editDoc: NamedPolicy) {
  @Controller()
  class Docs {
    @Auth(editDoc) @Get('docs/:docId') doc() {
      return 'in'
    }
    @Get('plain') plain() {
      return 'in'
    }
  }
  @Auth(byRule)
  @Controller('rules')
  class Rules {
    @Get(':docId') rule() {
      return 'in'
    }
  }
  return [Docs, Rules]
}

for (const [name, platform] of platforms) {
  policyServicesContract({
    name: `NestJS on ${name}`,
    async serve(options, editDoc) {
      const app = moduleOf({ imports: [AuthModule.forRoot(options)], controllers: controllersWith(editDoc) })
      const served = await serveNest(app, { platform })
      return { url: served.url, close: () => served.app.close() }
    },
  })
}
