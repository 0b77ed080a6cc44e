// Subscriptions of GraphQL stay, many of them on one socket, and they are judged again as long as it is open. Nobody says when
// one of them has ended; so that they do not add up, the same one is watched once on a socket.

import { inspect } from 'node:util'
import { ConfigurationError, type VerifiableRequest, type Verifier } from '@sallyport/core'
import { judge } from './judge.js'
import type { Rule } from './rule.js'
import { type ClosableSocket, endSocket, onceEnded } from './socket.js'

const greatestNumber = 1_000

/** What ends the watch of each, by its rule and by the arguments that its policies may read. */
type Watched = Map<Rule, Map<string, () => void>>

/** The subscriptions that are watched. */
export class Subscriptions {
  readonly #verifier: Verifier<unknown>
  readonly #sockets = new WeakMap<ClosableSocket, Watched>()

  constructor(verifier: Verifier<unknown>) {
    this.#verifier = verifier
  }

  /**
   * Ends the socket when the subscription may not stay.
   *
   * @throws ConfigurationError where there are more of them on a socket than anybody needs
   */
  watch(socket: ClosableSocket, request: VerifiableRequest, rule: Rule): void {
    const watched = this.#watchedOn(socket)
    const ofRule = watched.get(rule) ?? new Map<string, () => void>()
    const args = rule.policies.length === 0 ? '' : inspect(request.params, inFull)
    if (ofRule.has(args)) return
    if (unwatchesOf(watched).length >= greatestNumber)
      throw new ConfigurationError(`a socket has at most ${greatestNumber} different subscriptions`)
    const unwatch = this.#verifier.watch(
      () => judge(this.#verifier, request, rule),
      (denied, error) => endSocket(socket, denied, error),
    )
    watched.set(rule, ofRule.set(args, unwatch))
  }

  #watchedOn(socket: ClosableSocket): Watched {
    const known = this.#sockets.get(socket)
    if (known !== undefined) return known
    const watched: Watched = new Map()
    this.#sockets.set(socket, watched)
    onceEnded(socket, () => {
      for (const unwatch of unwatchesOf(watched)) unwatch()
    })
    return watched
  }
}

const inFull = { depth: null, maxArrayLength: null, maxStringLength: null } as const

function unwatchesOf(watched: Watched): readonly (() => void)[] {
  return [...watched.values()].flatMap((ofRule) => [...ofRule.values()])
}
