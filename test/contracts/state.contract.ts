// What every state promises, wherever it is kept: in the memory of one process, or on Redis in any of its topologies. Each rule
// that crosses processes is asked of a second node on the same store.
import { describe } from 'vitest'
import { attemptCases } from './state-cases/attempts.js'
import { boundCases } from './state-cases/bounds.js'
import { cutOffCases } from './state-cases/cut-offs.js'
import { keySetCases } from './state-cases/key-sets.js'
import { lifeCases } from './state-cases/life.js'
import { listenerCases } from './state-cases/listeners.js'
import { policyCases } from './state-cases/policies.js'
import { refusedCases } from './state-cases/refused.js'
import { replayCases } from './state-cases/replays.js'
import { revocationCases } from './state-cases/revocations.js'
import { verdictCases } from './state-cases/verdicts.js'
import { type StateTarget, stateWorld } from './state-target.js'

/** Runs the contract against one target, which is started before and stopped after it. */
export function stateContract(name: string, start: () => Promise<StateTarget>): void {
  describe(`the contract of states: ${name}`, () => {
    const world = stateWorld(start)
    describe('revocations', () => {
      revocationCases(world)
      cutOffCases(world)
      boundCases(world)
      refusedCases(world)
      listenerCases(world)
    })
    describe('uses', () => replayCases(world))
    describe('verdicts', () => verdictCases(world))
    describe('key sets', () => keySetCases(world))
    describe('policies', () => policyCases(world))
    describe('attempts', () => attemptCases(world))
    describe('its life', () => lifeCases(world))
  })
}
