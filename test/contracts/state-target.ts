// What the contract of states is run against, and how its cases reach it.
import type { Clock, State, TokenFacts } from '@sallyport/core'
import { createTestClock, type TestClock } from '@sallyport/core/testing'
import { afterAll, beforeAll, onTestFinished } from 'vitest'

/** What all the nodes on one store agree on. */
export interface StoreOptions {
  readonly clock: Clock
  readonly maxRevocations?: number
}

/** Where states of one kind are kept. */
export interface StateTarget {
  /** Whether the nodes on a store are states of their own; else there is one node, and it is every other. */
  readonly isShared: boolean
  /** A store that nobody has used; the function it answers opens one more node on it. */
  newStore(options: StoreOptions): () => State
  stop(): Promise<void>
}

/** Two nodes on one store, ready, and their time. */
export interface Nodes {
  readonly state: State
  readonly another: State
  readonly clock: TestClock
  /** One more of them. */
  open(): Promise<State>
}

interface OpenNodes extends Nodes {
  close(): Promise<void>
}

/** A target that runs, for the cases. */
export interface StateWorld {
  target(): StateTarget
  /** On a store of their own, closed with the test. */
  nodes(options?: Omit<StoreOptions, 'clock'>): Promise<Nodes>
  /** The same for every test of a `describe`. */
  sharedNodes(): () => Nodes
}

/** Pairs of nodes that are opened ahead: who begins on an empty store waits a while for what others may know. */
const ahead = 24

export function stateWorld(start: () => Promise<StateTarget>): StateWorld {
  let target: StateTarget
  const open = new Set<State>()
  const pairs: Promise<OpenNodes>[] = []
  beforeAll(async () => {
    target = await start()
  })
  afterAll(async () => {
    await Promise.allSettled(pairs)
    await close([...open])
    await target?.stop()
  })

  async function close(states: readonly State[]): Promise<void> {
    await Promise.all(states.map((state) => state.close()))
    for (const state of states) open.delete(state)
  }

  async function openNodes(options: Omit<StoreOptions, 'clock'> = {}): Promise<OpenNodes> {
    const clock = createTestClock()
    const newNode = target.newStore({ ...options, clock })
    const opened: State[] = []
    const openOne = async (): Promise<State> => {
      const state = newNode()
      open.add(state)
      opened.push(state)
      await state.ready()
      return state
    }
    const [state, another] = await Promise.all([openOne(), openOne()])
    return { state, another, clock, open: openOne, close: () => close(opened) }
  }

  function nextNodes(): Promise<OpenNodes> {
    while (pairs.length < ahead) {
      const pair = openNodes()
      pair.catch(() => undefined) // told to whom they are given
      pairs.push(pair)
    }
    return pairs.shift() as Promise<OpenNodes>
  }

  return {
    target: () => target,
    async nodes(options) {
      const nodes = await (options === undefined ? nextNodes() : openNodes(options))
      onTestFinished(nodes.close)
      return nodes
    },
    sharedNodes() {
      let nodes: Nodes
      beforeAll(async () => {
        nodes = await openNodes()
      })
      return () => nodes
    },
  }
}

export const ours = 'https://idp.example.com'
export const foreign = 'https://other.example.com'
/** When the clock of every test stands still. */
export const now = createTestClock()()

/** A token that says everything by which it could be revoked. */
export function token(changed: Readonly<Record<string, unknown>> = {}, issuer: string = ours): TokenFacts {
  const { keyId = 'key-1', ...claims } = changed
  const issuedClaims = {
    jti: 'token-1',
    sid: 'session-1',
    sub: 'ann',
    client_id: 'app',
    iat: now,
    ...claims,
    iss: issuer,
  }
  return {
    issuedClaims,
    issuer,
    keyId: typeof keyId === 'string' ? keyId : undefined,
    scopes: [],
    scopesAreKnown: true,
    roles: [],
    rolesAreKnown: true,
  }
}
