// Policies that forget one thing each, and one that forgets nothing.
const parts = {
  scope: ({ claims }) => claims.scope.split(' ').includes('read:orders'),
  tenant: ({ claims, params }) => claims.roles.includes('admin') || claims.tenant === params.tenantId,
  admins: ({ claims, params }) => !claims.roles.includes('admin') || claims.tenant === params.tenantId,
  age: ({ claims, now }) => !(now - claims.auth_time > 900),
  doubt: ({ claims }) => claims.auth_time !== undefined,
  future: ({ claims, now }) => !(claims.auth_time > now + 60),
}

const prepare = (request) => request
const policyOf = (names) => (request) => names.every((name) => parts[name](request))
const careful = policyOf(['scope', 'tenant', 'age', 'doubt', 'future'])
const without = (...forgotten) => {
  const names = ['scope', 'tenant', 'age', 'doubt', 'future'].filter((name) => !forgotten.includes(name))
  return () => ({ prepare, decide: policyOf(names) })
}

export const contenders = {
  careful: () => ({ prepare, decide: careful }),
  'no scope': without('scope'),
  'no tenant': without('tenant'),
  'no admins': () => ({ prepare, decide: policyOf(['scope', 'tenant', 'admins', 'age', 'doubt', 'future']) }),
  'no age': without('age'),
  'no doubt': without('doubt'),
  'no future': without('future'),
  'no mercy': () => ({ prepare, decide: () => false }),
  'no answer': () => ({ prepare, decide: async (request) => careful(request) }),
  'no patience': () => {
    let calls = 0
    return { prepare, decide: (request) => careful(request) !== ++calls > 100 }
  },
}
