// One node of the fleet: keeps the state that it is told to, revokes when it is told to, and notes when it has heard of each
// revocation. Times are of the one machine that all nodes run on.
import { createRedisState } from '@sallyport/redis'

const issuer = 'https://idp.example.com'
const now = () => performance.timeOrigin + performance.now()

let state
/** Tokens that are not known to be revoked yet, by number. */
const awaited = new Map()
let heard = []

const work = {
  async open({ options }) {
    state = createRedisState(options)
    state.onRevoked(note)
    await state.ready()
    return {}
  },
  /** From now on these are looked for. */
  await({ ids }) {
    for (const id of ids) awaited.set(id, token(id))
    return {}
  },
  async revoke({ id }) {
    const at = now()
    try {
      const { reached, pending } = await state.revoke({ jti: `jti-${id}`, issuer }, { until: at / 1000 + 3_600 })
      return { at, reached, pending, took: now() - at }
    } catch (error) {
      return { at, error: String(error), took: now() - at }
    }
  },
  /** What was heard of since it was last asked, and how many are still awaited. */
  report() {
    note()
    const result = { heard, missing: [...awaited.keys()], health: state.health() }
    heard = []
    return result
  },
  async close() {
    await state.close()
    return {}
  },
}

function token(id) {
  const issuedClaims = { iss: issuer, jti: `jti-${id}`, sub: `user-${id % 100}`, iat: Math.floor(now() / 1000) }
  return { issuedClaims, issuer, scopes: [], scopesAreKnown: true, roles: [], rolesAreKnown: true }
}

function note() {
  const at = now()
  for (const [id, facts] of awaited) {
    if (!isRevoked(facts)) continue
    awaited.delete(id)
    heard.push([id, at])
  }
}

/** A state that is stale does not say. */
function isRevoked(facts) {
  try {
    return state.isRevoked(facts)
  } catch {
    return false
  }
}

process.on('message', async ({ call, name, ...rest }) => {
  const answer = await work[name](rest)
  process.send({ call, answer })
})
process.once('disconnect', () => process.exit())
