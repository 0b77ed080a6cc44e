import { createMemoryState } from '@sallyport/core'
import { stateContract } from './state.contract.js'

stateContract('in the process', async () => ({
  isShared: false,
  newStore(options) {
    const state = createMemoryState(options)
    return () => state
  },
  stop: async () => undefined,
}))
