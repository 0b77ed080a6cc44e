// What every adapter promises, on real sockets: a rule holds on every framework or on none. The oracle is the engine itself, asked
// without a framework; an answer is compared with its to the byte, except for what the framework owns. The cases know nothing of
// the version of HTTP that they are sent by.

import { afterAll, beforeAll, describe } from 'vitest'
import { answerCases } from './cases/answers.js'
import { connectionCases } from './cases/connections.js'
import { headerCases } from './cases/headers.js'
import { pathCases } from './cases/paths.js'
import type { AdapterTarget } from './target.js'
import { type ContractWorld, createWorld, routes } from './world.js'

export { answerOf, type ContractRoute } from './target.js'

/** Runs the contract against one target. */
export function adapterContract(target: AdapterTarget): void {
  describe(`the contract of adapters: ${target.name}`, () => {
    let served: ContractWorld
    beforeAll(async () => {
      served = await createWorld(target, routes)
    })
    afterAll(() => served?.close())

    const world = () => served
    answerCases(world)
    pathCases(world)
    headerCases(world)
    connectionCases(world)
  })
}
