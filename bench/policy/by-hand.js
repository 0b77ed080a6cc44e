// The policy as a careful developer writes it into the handler. The clock of the issuer may be a minute ahead, and no more:
// `now - auth_time <= 900` alone would let in whoever authenticates in the year 5138.

export function byHand({ claims, scopes, params, now }) {
  return (
    scopes.includes('read:orders') &&
    (isAdmin(claims.roles) || (typeof claims.tenant === 'string' && claims.tenant === params.tenantId)) &&
    isFresh(claims.auth_time, now)
  )
}

export function byHandSplitting({ claims, params, now }) {
  return (
    claims.scope.split(' ').includes('read:orders') &&
    (isAdmin(claims.roles) || (typeof claims.tenant === 'string' && claims.tenant === params.tenantId)) &&
    isFresh(claims.auth_time, now)
  )
}

function isAdmin(roles) {
  return Array.isArray(roles) && roles.includes('admin')
}

export function isFresh(authTime, now) {
  return typeof authTime === 'number' && authTime <= now + 60 && now - authTime <= 900
}

/** The scopes are split once for each token, by everyone who can use that. Written out: copies by `...` share no shape. */
export function withScopes({ claims, params, now }) {
  return { claims, scopes: claims.scope.split(' '), params, now }
}
