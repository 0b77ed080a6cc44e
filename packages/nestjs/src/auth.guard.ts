// The guard in front of every handler, in every kind of context. It shows what was called to the verifier and throws its
// refusal; what a handler asks for was read when the application started.

import { type CanActivate, type ExecutionContext, Inject, Injectable } from '@nestjs/common'
import {
  ConfigurationError,
  type Decision,
  type RegisteredAuth,
  type VerifiableRequest,
  type Verifier,
} from '@sallyport/core'
import { DeniedException, setHeaders } from './denied.exception.js'
import { Gateways } from './gateways.js'
import { judge } from './judge.js'
import { Messages } from './messages.js'
import { type AnyClass, signedMethodOf } from './methods.js'
import { isJudged, noteAuth, noteJudged, noteNobody } from './passed.js'
import { type Rule, rulesOfMethods } from './rule.js'
import { shownRequest, socketOf } from './shown-request.js'
import { Subscriptions } from './subscriptions.js'
import { VERIFIER } from './tokens.js'

interface Judgement {
  readonly request: VerifiableRequest
  readonly rule: Rule
  readonly decision: Decision<unknown>
}

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

  /** Answers at once where there is nothing to wait for: a promise costs more than the look-up of a token does. */
  canActivate(context: ExecutionContext): boolean | Promise<boolean> {
    if (isJudged(context)) return true
    const rule = this.ruleOf(context.getClass(), context.getHandler())
    const type = context.getType<string>()
    if (type === 'http') noteAuth(context, undefined) // what something before has written there is nobody's word
    if (rule.access === 'public') {
      if (type !== 'http') noteNobody(context)
      return noteJudged(context)
    }
    const request = this.#requestOf(context, type)
    const decision = judge(this.#verifier, request, rule)
    if (!(decision instanceof Promise)) return this.#pass(context, { request, rule, decision })
    return decision.then((decided) => this.#pass(context, { request, rule, decision: decided }))
  }

  /** @throws ConfigurationError for a method that no class declares, and for marks that contradict each other */
  ruleOf(type: AnyClass, handler: object): Rule {
    const known = this.#rules.get(type) ?? this.#read(type)
    const rule = known.get(handler) ?? known.get(signedMethodOf(handler))
    if (rule === undefined) throw new ConfigurationError(`${type.name} declares no such handler, so nobody passes`)
    return rule
  }

  #read(type: AnyClass): ReadonlyMap<unknown, Rule> {
    const rules = rulesOfMethods(type)
    this.#rules.set(type, rules)
    return rules
  }

  /** @throws DeniedException, or what stands for it in the kind of context */
  #pass(context: ExecutionContext, { request, rule, decision }: Judgement): true {
    const type = context.getType<string>()
    if (decision.allowed) {
      noteAuth(context, decision.auth as RegisteredAuth)
      if (type === 'http' && decision.headers !== undefined) setHeaders(context.switchToHttp().getResponse(), decision)
      if (type === 'graphql') this.#watchSubscription(context, request, rule)
      return noteJudged(context)
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
