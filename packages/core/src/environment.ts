// What the environment says about a verifier whose options do not: whom to trust, who we are, and where the state is that
// it shares with others.
import { createRequire } from 'node:module'
import { resolve } from 'node:path'
import type { Clock } from './clock.js'
import { ConfigurationError } from './errors.js'
import type { State } from './state/state.js'

/**
 * The options of a verifier that was given none: `SALLYPORT_ISSUER` and `SALLYPORT_AUDIENCE`.
 *
 * @throws ConfigurationError where one of them is missing
 */
export function optionsFromEnvironment(environment: NodeJS.ProcessEnv): { issuer: string; audience: string } {
  const { SALLYPORT_ISSUER: issuer, SALLYPORT_AUDIENCE: audience } = environment
  if (issuer && audience) return { issuer, audience }
  throw new ConfigurationError('give `issuer` and `audience`, or set SALLYPORT_ISSUER and SALLYPORT_AUDIENCE')
}

/** What `@sallyport/redis` exports, as far as it is called here. */
interface RedisPackage {
  createRedisState(options: { readonly url: string; readonly secret?: string; readonly clock: Clock }): State
}

/**
 * The state that `SALLYPORT_REDIS_URL` names, sealed with `SALLYPORT_REDIS_SECRET`; `undefined` where it is not set. State
 * that somebody believes to be shared, and is not, is worse than none: so a package that lacks is an error.
 *
 * @throws ConfigurationError where `@sallyport/redis` is not installed, or does not take what the environment says
 */
export function stateFromEnvironment(environment: NodeJS.ProcessEnv, clock: Clock): State | undefined {
  const { SALLYPORT_REDIS_URL: url, SALLYPORT_REDIS_SECRET: secret } = environment
  if (!url) return undefined
  return loadRedisPackage().createRedisState({ url, clock, ...(secret && { secret }) })
}

/** Only who asks for it needs to have it, and it needs this package: so it is looked for when it is asked for. */
const redisPackage = '@sallyport/redis'

function loadRedisPackage(): RedisPackage {
  // From the program, not from here: it is the program that has installed it.
  const require = createRequire(resolve(process.argv[1] ?? 'program'))
  try {
    return require(redisPackage) as RedisPackage
  } catch (cause) {
    const { code, message } = cause as NodeJS.ErrnoException
    if (code !== 'MODULE_NOT_FOUND' || !message.includes(`'${redisPackage}'`)) throw cause // something that it needs itself
    throw new ConfigurationError('SALLYPORT_REDIS_URL is set: install @sallyport/redis beside @sallyport/core', {
      cause,
    })
  }
}
