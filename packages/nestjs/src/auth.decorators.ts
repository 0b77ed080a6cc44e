// The words on controllers, resolvers and gateways. They say who may call; `rule.ts` reads them.

import { createParamDecorator, type ExecutionContext, type PipeTransform, type Type } from '@nestjs/common'
import type { ClaimPath, Policy } from '@sallyport/core'
import { authOf } from './passed.js'
import { addMark, type Mark, toPolicy } from './rule.js'

/** Options of {@link Auth}. */
export interface AuthOptions {
  /** The policy of the method stands in place of that of its class. @defaultValue false: both must be satisfied */
  readonly replace?: boolean
}

/**
 * Who may call: whoever satisfies the policy, written out or by name. Without one, whoever satisfies the `policy` of the
 * options. On a class it is for every method, and for the connection of a gateway.
 *
 * With `@nestjs/swagger` the operation gets the security requirement `bearer`, as `addBearerAuth()` names it.
 *
 * @example
 * ```ts
 * @Auth(scope('read:orders'))
 * @Controller('orders')
 * class OrdersController {
 *   @Auth('orders.delete') @Delete(':id') remove() {}
 * }
 * ```
 * @throws ConfigurationError for what is no policy; when the application starts, for a name that no policy has
 */
export function Auth(
  policy?: Policy | string,
  { replace = false }: AuthOptions = {},
): ClassDecorator & MethodDecorator {
  const mark: Mark = { access: 'required', policy: toPolicy(policy), replace }
  return (target: object, method?: string | symbol, descriptor?: PropertyDescriptor): void => {
    addMark(mark, target, method)
    requireBearer(descriptor?.value ?? target)
  }
}

/** One object, to be found again where it is there already. */
const bearer = { bearer: [] }

/** For the document of `@nestjs/swagger`, beside what else an operation says there. */
function requireBearer(target: object): void {
  const others: readonly unknown[] = Reflect.getMetadata('swagger/apiSecurity', target) ?? []
  if (!others.includes(bearer)) Reflect.defineMetadata('swagger/apiSecurity', [...others, bearer], target)
}

/** Anybody may call: nothing is verified, and {@link CurrentAuth} is `undefined`. */
export function Public(): ClassDecorator & MethodDecorator {
  return marked({ access: 'public' })
}

/** A request without a credential may call, as anonymous; one with a bad credential may not. */
export function OptionalAuth(): ClassDecorator & MethodDecorator {
  return marked({ access: 'optional' })
}

function marked(mark: Mark): ClassDecorator & MethodDecorator {
  return (target: object, method?: string | symbol): void => addMark(mark, target, method)
}

/** Who passed, as a parameter of the handler: a `Principal`, or `undefined` on public and optional routes. */
export const CurrentAuth: () => ParameterDecorator = createParamDecorator((_: unknown, context: ExecutionContext) =>
  authOf(context),
)

const claimOf = createParamDecorator((path: string | ClaimPath, context: ExecutionContext) => {
  const names = typeof path === 'string' ? [path] : path
  let value: unknown = authOf(context)?.claims
  for (const name of names) value = isObject(value) && Object.hasOwn(value, name) ? value[name] : undefined
  return value
})

/**
 * A claim of who passed, as a parameter of the handler: `@Claim('sub')`, `@Claim(['realm_access', 'roles'])`. `undefined`
 * where there is none. Pipes are what they are for every parameter: `@Claim('sub', ParseUUIDPipe)`.
 */
export function Claim(
  path: string | ClaimPath,
  ...pipes: readonly (Type<PipeTransform> | PipeTransform)[]
): ParameterDecorator {
  return claimOf(path, ...pipes)
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null
}
