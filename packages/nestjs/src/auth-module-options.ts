// What AuthModule is told: the options of the engine, now or later, and the little that only Nest needs.

import type {
  DynamicModule,
  ForwardReference,
  InjectionToken,
  OptionalFactoryDependency,
  Provider,
  Type,
} from '@nestjs/common'
import { ConfigurationError, type VerifierOptions } from '@sallyport/core'
import type { MessageHeaders } from './shown-request.js'
import { AUTH_OPTIONS } from './tokens.js'

/** What only Nest needs to be told. */
export interface AuthModuleSettings {
  /**
   * Where the credential of a message is. @defaultValue the metadata of gRPC, the headers of NATS, Kafka and RabbitMQ, the user
   * properties of MQTT 5, the metadata of TCP and Redis in Nest 12; nowhere for other transports
   */
  readonly messageHeaders?: MessageHeaders
}

/** A class that makes the options. */
export interface AuthOptionsFactory {
  createAuthOptions(): VerifierOptions | undefined | Promise<VerifierOptions | undefined>
}

/** Options of `AuthModule.forRootAsync`: exactly one of `useFactory`, `useClass`, `useExisting`. */
export interface AuthModuleAsyncOptions {
  readonly imports?: readonly (Type | DynamicModule | Promise<DynamicModule> | ForwardReference)[]
  // biome-ignore lint/suspicious/noExplicitAny: what is injected is the application's, as in Nest's own types
  readonly useFactory?: (...injected: any[]) => VerifierOptions | undefined | Promise<VerifierOptions | undefined>
  readonly inject?: readonly (InjectionToken | OptionalFactoryDependency)[]
  readonly useClass?: Type<AuthOptionsFactory>
  readonly useExisting?: InjectionToken<AuthOptionsFactory>
}

/** The provider of the options. @throws ConfigurationError where it is not said, or said twice, who makes them */
export function optionsProviders({
  useFactory,
  inject = [],
  useClass,
  useExisting,
}: AuthModuleAsyncOptions): readonly Provider[] {
  if ([useFactory, useClass, useExisting].filter((each) => each !== undefined).length !== 1)
    throw new ConfigurationError('forRootAsync takes exactly one of `useFactory`, `useClass` and `useExisting`')
  if (useFactory !== undefined) return [{ provide: AUTH_OPTIONS, useFactory, inject: [...inject] }]
  const made = (factory: AuthOptionsFactory) => factory.createAuthOptions()
  if (useClass === undefined)
    return [{ provide: AUTH_OPTIONS, useFactory: made, inject: [useExisting as InjectionToken] }]
  return [
    { provide: useClass, useClass },
    { provide: AUTH_OPTIONS, useFactory: made, inject: [useClass] },
  ]
}
