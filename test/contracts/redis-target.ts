// States on a Redis, for their contract: a namespace of its own is a store that nobody has used.
import { createRedisState, type RedisStateOptions } from '@sallyport/redis'
import type { StateTarget } from './state-target.js'

const secret = 'a secret of the tests, and of 32 bytes or more'

/** The contract opens some fifty at once, each with a log to begin: for a busy machine, the default is too short. */
const startTimeoutSeconds = 30

/** @param where - the connection, and whatever else the nodes agree on */
export function redisTarget(where: Partial<RedisStateOptions>, stop: () => Promise<void>): StateTarget {
  let stores = 0
  return {
    isShared: true,
    newStore(options) {
      stores += 1
      const namespace = `store-${stores}`
      return () => createRedisState({ secret, startTimeoutSeconds, ...where, ...options, namespace })
    },
    stop,
  }
}
