// Nodes of a fleet on real servers, and what is asked of them while something breaks.
import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import type { State, StateEvent, TokenFacts } from '@sallyport/core'
import { createRedisState, type RedisStateOptions } from '@sallyport/redis'
import { onTestFinished } from 'vitest'
import { KeyNames } from '../../../packages/redis/src/sealing/key-names.js'
import { KeyRing } from '../../../packages/redis/src/sealing/key-ring.js'

export const secret = 'a secret of the tests, and of 32 bytes or more'
export const namespace = 'chaos'
/** Where the keys of a fleet are: what breaks has to be chosen by it. */
export const names = new KeyNames(new KeyRing([Buffer.from(secret)], namespace), namespace)

/** Opens nodes, ready, to be closed with the test. At once: who begins waits a while for what others may know. */
export async function openNodes(count: number, options: RedisStateOptions): Promise<readonly State[]> {
  const nodes = Array.from({ length: count }, () => openNode(options))
  await Promise.all(nodes.map((node) => node.ready()))
  return nodes
}

/** Opens one that need not be ready. */
export function openNode(options: RedisStateOptions): State {
  const node = createRedisState({ secret, namespace, startTimeoutSeconds: 30, ...options })
  onTestFinished(() => node.close())
  return node
}

/** A token with nothing to be known by but this. */
export function tokenWith(jti: string): TokenFacts {
  const issuer = 'https://idp.example.com'
  const issuedClaims = { iss: issuer, jti, iat: 1_767_225_600 }
  return { issuedClaims, issuer, scopes: [], scopesAreKnown: true, roles: [], rolesAreKnown: true }
}

/** What the operator is told, until the end of the test. */
export function stateEvents(): readonly StateEvent[] {
  const events: StateEvent[] = []
  const listen = (event: unknown) => void events.push(event as StateEvent)
  subscribe('sallyport:state', listen)
  onTestFinished(() => void unsubscribe('sallyport:state', listen))
  return events
}

export function seconds(milliseconds: number): string {
  return `${(milliseconds / 1000).toFixed(2)} s`
}

/** What was seen, for whoever wants to know: `CHAOS=1` prints it. */
export function report(line: string): void {
  if (process.env['CHAOS'] !== undefined) console.info(line)
}
