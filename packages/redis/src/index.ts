// The door: the names that users type.
export type { RedisConnection, RedisCredentials, RedisStateOptions, RedisTlsOptions } from './options.js'
export { createRedisState } from './redis-state.js'
