// What the policies are asked: a token and a route, already verified and matched, with the verdict that is due.
//
//   scope read:orders AND (role admin OR claims.tenant == params.tenantId) AND auth_time within 15 min

const now = 1_760_000_000

/** `ok`: what everybody can say. `missing`: a claim is. `denied`: what can be explained. The last one is asked, not measured. */
const requests = [
  { name: 'the tenant itself', due: true, kinds: ['ok'] },
  {
    name: 'an admin from elsewhere',
    due: true,
    kinds: ['ok'],
    claims: { tenant: 'tenant-0977', roles: ['clerk', 'admin'] },
  },
  { name: 'another tenant', due: false, kinds: ['ok', 'denied'], claims: { tenant: 'tenant-0977' } },
  {
    name: 'a token without the scope',
    due: false,
    kinds: ['ok', 'denied'],
    claims: { scope: 'openid profile write:orders read:invoices' },
  },
  { name: 'who authenticated an hour ago', due: false, kinds: ['ok', 'denied'], claims: { auth_time: now - 3_600 } },
  {
    name: 'who authenticated nobody knows when',
    due: false,
    kinds: ['missing', 'denied'],
    claims: { auth_time: undefined },
  },
  { name: 'who will authenticate next week', due: false, kinds: [], claims: { auth_time: now + 604_800 } },
]

/** Requests of a kind, or all of them, each made anew: nothing is shared between two contenders. */
export function makeRequests(kind) {
  const chosen = requests.filter(({ kinds }) => kind === undefined || kinds.includes(kind))
  return chosen.map(({ name, due, claims }) => {
    return { name, due, claims: deepFreeze(asParsed(claims)), params: { tenantId: fresh('tenant-0421') }, now }
  })
}

/** As it comes out of a token. */
function asParsed(claims) {
  return JSON.parse(
    JSON.stringify({
      iss: 'https://issuer.example.com/',
      sub: '3f1c9d7e-90b1-4a57-8a55-7f0f2f1c6a11',
      aud: 'https://api.example.com',
      exp: now + 600,
      iat: now - 60,
      auth_time: now - 300,
      jti: 'Zx1mP0q6TrWc8n5v',
      client_id: 'web-shop',
      scope: 'openid profile read:orders write:orders',
      tenant: 'tenant-0421',
      roles: ['auditor', 'clerk'],
      ...claims,
    }),
  )
}

/** As it comes out of a path: a string of its own, never seen before. */
function fresh(text) {
  return Buffer.from(text).latin1Slice()
}

function deepFreeze(value) {
  if (typeof value === 'object' && value !== null) Object.values(Object.freeze(value)).forEach(deepFreeze)
  return value
}
