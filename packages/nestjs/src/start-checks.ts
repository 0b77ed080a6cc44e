// What is judged when the application starts: every rule of every handler, and whether routes have the parameters that
// their policies read. A mistake stops the start, with the name of the handler.

import { Inject, Injectable, type OnModuleInit } from '@nestjs/common'
import { ApplicationConfig, DiscoveryService, ModulesContainer } from '@nestjs/core'
import { ConfigurationError, type Verifier } from '@sallyport/core'
import { isGateway } from './gateways.js'
import { isMessageHandler } from './messages.js'
import { type AnyClass, isClass, methodsOf } from './methods.js'
import { type Rule, ruleOfClass, rulesOfMethods } from './rule.js'
import { VERIFIER } from './tokens.js'

@Injectable()
export class StartChecks implements OnModuleInit {
  readonly #verifier: Verifier<unknown>
  readonly #discovery: DiscoveryService
  readonly #config: ApplicationConfig
  readonly #modules: ModulesContainer

  constructor(
    @Inject(VERIFIER) verifier: Verifier<unknown>,
    @Inject(DiscoveryService) discovery: DiscoveryService,
    @Inject(ApplicationConfig) config: ApplicationConfig,
    @Inject(ModulesContainer) modules: ModulesContainer,
  ) {
    this.#verifier = verifier
    this.#discovery = discovery
    this.#config = config
    this.#modules = modules
  }

  /** @throws ConfigurationError */
  onModuleInit(): void {
    this.#requireContextOfItsOwn()
    for (const { metatype, host } of [...this.#discovery.getControllers(), ...this.#discovery.getProviders()]) {
      if (!isClass(metatype)) continue
      if (isGateway(metatype))
        this.#requireParams(metatype.name, this.#paramsOf(metatype.name, ruleOfClass(metatype)), [''])
      const rules = rulesOfMethods(metatype)
      for (const { name, method } of methodsOf(metatype)) {
        const handler = `${metatype.name}.${String(name)}`
        const params = this.#paramsOf(handler, rules.get(method) as Rule)
        if (params.length > 0) this.#requireParams(handler, params, this.#pathsOf(metatype, method, host?.metatype))
      }
    }
  }

  /** GraphQL of Nest 11 writes the first request into a `context` that is an object, and takes it for every other one's. */
  #requireContextOfItsOwn(): void {
    for (const { token, instance } of this.#discovery.getProviders()) {
      if (token === 'GqlModuleOptions' && typeof instance?.context === 'object' && instance.context !== null)
        throw new ConfigurationError(
          'the `context` of GraphQLModule is one object for all requests: let it be a function that makes one for each',
        )
    }
  }

  #paramsOf(handler: string, { policies }: Rule): readonly string[] {
    try {
      return policies.flatMap((policy) => this.#verifier.routeParamsOf(policy))
    } catch (error) {
      if (!(error instanceof ConfigurationError)) throw error
      throw new ConfigurationError(`${handler}: ${error.message}`)
    }
  }

  #requireParams(handler: string, params: readonly string[], paths: readonly string[]): void {
    for (const path of paths) {
      const lacking = params.find((name) => !new RegExp(`[:*]${name}(?!\\w)`).test(path))
      if (lacking === undefined) continue
      const what = path === '' ? 'a message' : `the route ${path}`
      throw new ConfigurationError(`${handler}: the policy reads :${lacking}, which ${what} lacks`)
    }
  }

  /** Every path that leads to a handler of HTTP; that of nowhere for a message, and none for what has parameters of its own. */
  #pathsOf(type: AnyClass, method: object, module: unknown): readonly string[] {
    if (isMessageHandler(method)) return ['']
    const ends: unknown = Reflect.getMetadata('path', method)
    if (ends === undefined || !Reflect.hasMetadata('method', method)) return []
    const prefix = this.#config.getGlobalPrefix()
    const ofModule =
      typeof module === 'function' ? Reflect.getMetadata(`__module_path__${this.#modules.applicationId}`, module) : ''
    const starts = [Reflect.getMetadata('path', type) ?? ''].flat()
    return starts.flatMap((start) =>
      [ends].flat().map((end) => ['', prefix, ofModule, start, end].join('/').replaceAll(/\/+/g, '/')),
    )
  }
}
