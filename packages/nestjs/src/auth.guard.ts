// The guard in front of every handler, in every kind of context. It shows what was called to the verifier and throws its
// refusal; what a handler asks for was read when the application started.

import { type CanActivate, type ExecutionContext, Inject, Injectable } from '@nestjs/common'
import { ConfigurationError, type RegisteredAuth, type VerifiableRequest, type Verifier } from '@sallyport/core'
import { DeniedException, setHeaders } from './denied.exception.js'
import { Gateways } from './gateways.js'
import { judge } from './judge.js'
import { Messages } from './messages.js'
import { type AnyClass, signedMethodOf } from './methods.js'
import { noteAuth, noteNobody } from './passed.js'
import { type Rule, rulesOfMethods } from './rule.js'
import { shownRequest, socketOf } from './shown-request.js'
import { Subscriptions } from './subscriptions.js'
import { VERIFIER } from './tokens.js'

/** Contexts that the guard has let pass: Nest makes another one of it, and asks both, where `@UseGuards(AuthGuard)` stands. */
const judged = new WeakSet<ExecutionContext>()

/** Installed for the whole application by `AuthModule`. */
@Injectable()
export class AuthGuard implements CanActivate {
  readonly #verifier: Verifier<unknown>
  readonly #gateways: Gateways
  readonly #messages: Messages
  readonly #subscriptions: Subscriptions
  readonly #rules = new WeakMap<AnyClass, ReadonlyMap<unknown, Rule>>()

  constructor(
    @Inject(VERIFIER) verifier: Verifier<unknown>,
    @Inject(Gateways) gateways: Gateways,
    @Inject(Messages) messages: Messages,
  ) {
    this.#verifier = verifier
    this.#gateways = gateways
    this.#messages = messages
    this.#subscriptions = new Subscriptions(verifier)
  }

  async canActivate(context: ExecutionContext): Promise<boolean> {
    if (judged.has(context)) return true
    const rule = this.ruleOf(context.getClass(), context.getHandler())
    const isHttp = context.getType() === 'http'
    if (isHttp) noteAuth(context, undefined) // what something before has written there is nobody's word
    if (rule.access !== 'public') await this.#judge(context, rule)
    else if (!isHttp) noteNobody(context)
    judged.add(context)
    return true
  }

  /** @throws ConfigurationError for a method that no class declares, and for marks that contradict each other */
  ruleOf(type: AnyClass, handler: object): Rule {
    const known = this.#rules.get(type) ?? rulesOfMethods(type)
    this.#rules.set(type, known)
    const rule = known.get(handler) ?? known.get(signedMethodOf(handler))
    if (rule === undefined) throw new ConfigurationError(`${type.name} declares no such handler, so nobody passes`)
    return rule
  }

  async #judge(context: ExecutionContext, rule: Rule): Promise<void> {
    const type = context.getType<string>()
    const request = this.#requestOf(context, type)
    const decision = await judge(this.#verifier, request, rule)
    if (decision.allowed) {
      noteAuth(context, decision.auth as RegisteredAuth)
      return type === 'graphql' ? this.#watchSubscription(context, request, rule) : undefined
    }
    if (type === 'ws') throw this.#gateways.toException(decision)
    if (type === 'rpc') throw this.#messages.toException(decision, context)
    if (type === 'http') setHeaders(context.switchToHttp().getResponse(), decision)
    throw new DeniedException(decision)
  }

  #requestOf(context: ExecutionContext, type: string): VerifiableRequest {
    if (type === 'ws') return this.#gateways.requestOf(context.switchToWs().getClient())
    return type === 'rpc' ? this.#messages.requestOf(context) : shownRequest(context)
  }

  /** A subscription stays: it is judged again as long as its socket is open. */
  #watchSubscription(context: ExecutionContext, request: VerifiableRequest, rule: Rule): void {
    const isSubscription = context.getArgByIndex(3)?.operation?.operation === 'subscription'
    if (!isSubscription) return
    const socket = socketOf(context)
    if (socket === undefined)
      throw new ConfigurationError('a subscription needs a socket that can be closed: use graphql-ws')
    this.#subscriptions.watch(socket, request, rule)
  }
}
