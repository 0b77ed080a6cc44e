// The module: one verifier for the application, and its guard in front of everything.

import { type DynamicModule, Inject, Module, type OnApplicationShutdown, type Provider } from '@nestjs/common'
import { APP_GUARD, ApplicationConfig, DiscoveryModule, DiscoveryService, ModulesContainer } from '@nestjs/core'
import { ConfigurationError, createVerifier, type Verifier, type VerifierOptions } from '@sallyport/core'
import { AuthGuard } from './auth.guard.js'
import { type AuthModuleAsyncOptions, type AuthModuleSettings, optionsProviders } from './auth-module-options.js'
import { installBackstop } from './backstop.guard.js'
import { DeniedFilter } from './denied.exception.js'
import { Gateways, isGateway } from './gateways.js'
import { handlesMessages, Messages } from './messages.js'
import { isClass, signMethods } from './methods.js'
import { ResourceMetadataRoute } from './resource-metadata.js'
import { headersOfTransport } from './shown-request.js'
import { StartChecks } from './start-checks.js'
import { AUTH_OPTIONS, AUTH_SETTINGS, AUTH_TRUST, VERIFIER } from './tokens.js'

type Trust = (options: VerifierOptions | undefined) => VerifierOptions | undefined

const typesOf = (discovery: DiscoveryService) =>
  [...discovery.getControllers(), ...discovery.getProviders()].map(({ metatype }) => metatype)

const providers: readonly Provider[] = [
  // Made by a factory, because Nest 11 asks no other factory in place of a value.
  { provide: AUTH_TRUST, useFactory: (): Trust => (options) => options },
  {
    provide: VERIFIER,
    inject: [AUTH_OPTIONS, AUTH_TRUST],
    useFactory: (options: VerifierOptions | undefined, trust: Trust) => createVerifier(trust(options)),
  },
  {
    provide: Gateways,
    inject: [VERIFIER, DiscoveryService, ApplicationConfig],
    useFactory: async (verifier: Verifier<unknown>, discovery: DiscoveryService, config: ApplicationConfig) => {
      const types = typesOf(discovery).filter(isGateway)
      if (types.length === 0) return new Gateways(verifier, types)
      const { WsException } = await import('@nestjs/websockets') // there, where there are gateways
      const gateways = new Gateways(verifier, types, WsException)
      gateways.guard(config)
      return gateways
    },
  },
  {
    provide: Messages,
    inject: [AUTH_SETTINGS, DiscoveryService],
    useFactory: async ({ messageHeaders = headersOfTransport }: AuthModuleSettings, discovery: DiscoveryService) => {
      if (!typesOf(discovery).some(handlesMessages)) return new Messages(messageHeaders)
      const { RpcException } = await import('@nestjs/microservices') // there, where there are message handlers
      return new Messages(messageHeaders, RpcException)
    },
  },
  AuthGuard,
  { provide: APP_GUARD, useExisting: AuthGuard },
  StartChecks,
  ResourceMetadataRoute,
]

/**
 * Protects every handler of the application: HTTP, GraphQL, WebSocket gateways, microservices. What is not marked `@Public()` or
 * `@OptionalAuth()` needs a good token.
 *
 * @example
 * ```ts
 * @Module({ imports: [AuthModule.forRoot({ issuer: 'https://idp.example.com', audience: 'https://api.example.com' })] })
 * class AppModule {}
 * ```
 */
// What the guard is made of is exported with it: `@UseGuards(AuthGuard)` has another one made where it stands.
@Module({ imports: [DiscoveryModule], providers: [...providers], exports: [VERIFIER, AuthGuard, Gateways, Messages] })
export class AuthModule implements OnApplicationShutdown {
  readonly #verifier: Verifier<unknown>

  constructor(
    @Inject(VERIFIER) verifier: Verifier<unknown>,
    @Inject(AuthGuard) guard: AuthGuard,
    @Inject(ApplicationConfig) config: ApplicationConfig,
    @Inject(ModulesContainer) modules: ModulesContainer,
    @Inject(DiscoveryService) discovery: DiscoveryService,
  ) {
    if ([...modules.values()].filter(({ metatype }) => metatype === AuthModule).length > 1)
      throw new ConfigurationError(
        'AuthModule is imported twice with options: an application has one, in its root module',
      )
    this.#verifier = verifier
    for (const type of typesOf(discovery).filter(isClass)) signMethods(type)
    installBackstop(modules, guard)
    config.addGlobalFilter(new DeniedFilter()) // before any of the application's, so that theirs are asked first
  }

  /**
   * @param options - as `createVerifier` takes them; without any, `SALLYPORT_ISSUER` and `SALLYPORT_AUDIENCE`
   * @throws ConfigurationError when the application is created
   */
  static forRoot(options?: VerifierOptions, settings: AuthModuleSettings = {}): DynamicModule {
    return dynamicModule([{ provide: AUTH_OPTIONS, useValue: options }], settings)
  }

  /** The same, with options that come from other providers. @throws ConfigurationError when the application is created */
  static forRootAsync(options: AuthModuleAsyncOptions, settings: AuthModuleSettings = {}): DynamicModule {
    const { imports = [], ...source } = options
    return { ...dynamicModule(optionsProviders(source), settings), imports: [...imports] }
  }

  async onApplicationShutdown(): Promise<void> {
    await this.#verifier.close()
  }
}

function dynamicModule(own: readonly Provider[], settings: AuthModuleSettings): DynamicModule {
  return { module: AuthModule, global: true, providers: [...own, { provide: AUTH_SETTINGS, useValue: settings }] }
}
