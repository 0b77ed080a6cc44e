import { startRedis } from '../fixtures/redis-servers.js'
import { redisTarget } from './redis-target.js'
import { stateContract } from './state.contract.js'

stateContract('one Redis, with tokens and sessions in a filter', async () => {
  const { url, stop } = await startRedis()
  return redisTarget({ url, memory: 'filter' }, stop)
})
