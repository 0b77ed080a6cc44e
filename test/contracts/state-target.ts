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

/** A target that runs, for the cases. */
export interface StateWorld {
  target(): StateTarget
  /** On a store of their own, closed with the test. */
  nodes(options?: Omit<StoreOptions, 'clock'>): Promise<Nodes>
  /** The same for every test of a `describe`. */
  sharedNodes(): () => Nodes
}

export function stateWorld(start: () => Promise<StateTarget>): StateWorld {
  let target: StateTarget
  beforeAll(async () => {
    target = await start()
  })
  afterAll(() => target?.stop())

  async function openNodes(opened: State[], options: Omit<StoreOptions, 'clock'> = {}): Promise<Nodes> {
    const clock = createTestClock()
    const newNode = target.newStore({ ...options, clock })
    const open = async (): Promise<State> => {
      const state = newNode()
      opened.push(state)
      await state.ready()
      return state
    }
    return { state: await open(), another: await open(), clock, open }
  }
  const closeAll = (states: readonly State[]) => Promise.all(states.map((state) => state.close()))
  return {
    target: () => target,
    async nodes(options) {
      const opened: State[] = []
      onTestFinished(async () => void (await closeAll(opened)))
      return openNodes(opened, options)
    },
    sharedNodes() {
      const opened: State[] = []
      let nodes: Nodes
      beforeAll(async () => {
        nodes = await openNodes(opened)
      })
      afterAll(() => closeAll(opened))
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
