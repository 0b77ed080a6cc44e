// Nest calls some handlers without its global guards: those of gateways in Nest 11, and those of microservices in an
// application that also speaks HTTP and does not pass on its configuration. A guard on their classes stands in.
import { type CanActivate, type ExecutionContext, Inject, Injectable, Optional, UseGuards } from '@nestjs/common'
import type { ModulesContainer } from '@nestjs/core'
import { AuthGuard } from './auth.guard.js'
import { isGateway } from './gateways.js'
import { handlesMessages } from './messages.js'

/** The guard of the application, asked once more. An application without `AuthModule` has none, as ever. */
@Injectable()
class BackstopGuard implements CanActivate {
  readonly #guard: AuthGuard | undefined

  constructor(@Optional() @Inject(AuthGuard) guard?: AuthGuard) {
    this.#guard = guard
  }

  canActivate(context: ExecutionContext): boolean | Promise<boolean> {
    return this.#guard === undefined || this.#guard.canActivate(context)
  }
}

/** Puts it on every class that needs it, before Nest reads what guards its handlers have. */
export function installBackstop(modules: ModulesContainer, guard: AuthGuard): void {
  for (const module of modules.values()) {
    for (const { metatype } of [...module.controllers.values(), ...module.providers.values()]) {
      if (!isGateway(metatype) && !handlesMessages(metatype)) continue
      const guards: readonly unknown[] = Reflect.getOwnMetadata('__guards__', metatype) ?? []
      if (!guards.includes(BackstopGuard)) UseGuards(BackstopGuard)(metatype)
      // The class is shared by all applications of the process, what stands behind it is not.
      module.addInjectable({ provide: BackstopGuard, useValue: new BackstopGuard(guard) }, 'guard')
    }
  }
}
