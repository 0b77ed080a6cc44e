import { startSentinels } from '../fixtures/redis-servers.js'
import { redisTarget } from './redis-target.js'
import { stateContract } from './state.contract.js'

stateContract('a master of Sentinels', async () => {
  const { name, nodes, stop } = await startSentinels()
  return redisTarget({ sentinel: { name, nodes }, replicas: 2, replayGuard: 'strict' }, stop)
})
