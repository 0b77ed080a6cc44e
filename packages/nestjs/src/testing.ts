// The door for tests of an application under protection: its users, without an issuer.

import { Module } from '@nestjs/common'
import type { VerifierOptions } from '@sallyport/core'
import { createTestUsers, type TestClaims, type TestTokenOptions, type TestUsers } from '@sallyport/core/testing'
import { AuthModule } from './auth.module.js'
import { AUTH_TRUST } from './tokens.js'

let users: Promise<TestUsers> | undefined

/** Made once, at the first need: a key of its own in every process that runs tests. */
function testUsers(): Promise<TestUsers> {
  users ??= createTestUsers()
  return users
}

/**
 * The header of a request by this user, whom {@link trustTestUsers} and {@link AuthTestingModule} let in:
 * `request(app.getHttpServer()).get('/orders').set(await asUser({ sub: 'ann', scope: 'read:orders' }))`.
 */
export async function asUser(
  claims: TestClaims = {},
  options: TestTokenOptions = {},
): Promise<{ authorization: string }> {
  return (await testUsers()).asUser(claims, options)
}

/** The part of `TestingModuleBuilder` that is used. */
interface OverridableModule<Self> {
  overrideProvider(token: unknown): { useFactory(options: { factory: () => unknown }): Self }
}

/**
 * Lets the users of {@link asUser} into an application, in place of those of its issuers. Everything else that it asks for
 * stays, and every check is made.
 *
 * @example
 * ```ts
 * const builder = Test.createTestingModule({ imports: [AppModule] })
 * const app = (await trustTestUsers(builder).compile()).createNestApplication()
 * ```
 */
export function trustTestUsers<Builder extends OverridableModule<Builder>>(builder: Builder): Builder {
  const factory = async (): Promise<(options: VerifierOptions | undefined) => VerifierOptions> => {
    const trusted = await testUsers()
    return (options) => trusted.trust(options)
  }
  return builder.overrideProvider(AUTH_TRUST).useFactory({ factory })
}

/** Stands in for `AuthModule` where only a part of the application is tested: `imports: [AuthTestingModule]`. */
@Module({ imports: [AuthModule.forRootAsync({ useFactory: async () => (await testUsers()).trust(undefined) })] })
export class AuthTestingModule {}
