import { startCluster } from '../fixtures/redis-servers.js'
import { redisTarget } from './redis-target.js'
import { stateContract } from './state.contract.js'

stateContract('a cluster', async () => {
  const { nodes, stop } = await startCluster()
  return redisTarget({ cluster: { nodes }, replicas: 1 }, stop)
})
