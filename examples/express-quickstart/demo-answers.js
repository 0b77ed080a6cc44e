// The quickstart with an issuer of its own: requests with real tokens, what the client gets for each, and what the operator
// is told. Then the app stays up for more; with --once it ends, with exit code 0 if all of them went as they should.
import { once } from 'node:events'
import { formatTrace } from '@sallyport/core'
import { createTestIssuer, createTestKey } from '@sallyport/core/testing'
import { auth, scope } from '@sallyport/express'
import { bold, columns, good, heading, poor } from './layout.js'

const issuer = await createTestIssuer({ audience: 'https://orders.example' })
Object.assign(process.env, { SALLYPORT_ISSUER: issuer.issuer, SALLYPORT_AUDIENCE: issuer.audience, PORT: '0' })
const { ofTenant, server } = await import('./app.js')
if (!server.listening) await once(server, 'listening')
const origin = `http://127.0.0.1:${server.address().port}`

// The operator's console: what the app is told by its environment, this verifier is told too.
const { verifier } = auth()

const now = Math.floor(Date.now() / 1000)
const ann = { sub: 'ann', scope: 'read:orders', exp: now + 3600 }
const globex = { ...ann, tenant: 'globex', roles: ['clerk'] }
const forger = { key: await createTestKey('ES256', issuer.key.kid) } // the issuer's key id, but not its key

const orders = { path: '/orders', policy: scope('read:orders') }
const tenant = { path: '/tenants/acme/orders', policy: ofTenant, params: { tenantId: 'acme' } }

const requests = [
  { title: 'a good token', token: await issuer.issue(ann), expected: { status: 200 } },
  {
    title: 'an expired one',
    token: await issuer.issue({ ...ann, iat: now - 3600, exp: now - 600 }),
    expected: { status: 401, code: 'token_expired' },
  },
  {
    title: 'one for another API',
    token: await issuer.issue({ ...ann, aud: 'https://billing.example' }),
    expected: { status: 401, code: 'audience_mismatch' },
  },
  {
    title: 'one without the scope',
    token: await issuer.issue({ ...ann, scope: 'read:menu' }),
    expected: { status: 403, code: 'scope_insufficient' },
  },
  {
    title: 'a forged one',
    token: await issuer.issue({ ...ann, sub: 'admin' }, forger),
    expected: { status: 401, code: 'signature_invalid' },
  },
  {
    title: 'a clerk of acme, at acme',
    route: tenant,
    token: await issuer.issue({ ...globex, tenant: 'acme' }),
    expected: { status: 200 },
  },
  {
    title: 'a clerk of globex, at acme',
    route: tenant,
    token: await issuer.issue(globex),
    expected: { status: 403, code: 'policy_denied' },
  },
]

console.log(`\nThe API ${bold(origin)} trusts the issuer ${bold(issuer.issuer)}.`)
console.log(
  `${bold('/orders')} asks for the scope read:orders; ${bold('/tenants/:tenantId/orders')} for the tenant's own`,
)
console.log(`people, or an admin. ${requests.length} requests:`)

let surprises = 0
for (const [index, { title, token, expected, route = orders }] of requests.entries()) {
  const url = `${origin}${route.path}`
  const response = await fetch(url, { headers: { authorization: `Bearer ${token}` } })
  const body = await response.text()
  const asExpected = response.status === expected.status && JSON.parse(body).code === expected.code
  if (!asExpected) surprises += 1
  const [remark, style] = asExpected ? ['as expected', good] : ['not as expected', poor]
  console.log(`\n${heading(`${index + 1} · ${title}`, remark, style)}\n`)
  console.log(`curl -i ${url} -H 'Authorization: Bearer ${token}'\n`)
  const { told, tree } = await explain(token, route)
  console.log(columns(wire(response, body), told))
  if (tree?.parts.length > 0) console.log(`\n${bold('the policy, part by part')}\n${formatTrace(tree)}`)
}
console.log(
  surprises === 0
    ? good(`\nAll ${requests.length} answers are as expected.`)
    : poor(`\n${surprises} of ${requests.length} surprise.`),
)
process.exitCode = surprises === 0 ? 0 : 1

if (process.argv.includes('--once')) {
  await close()
} else {
  console.log('The app stays up: paste a line from above. Ctrl-C ends.')
  for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, close)
}

/** Leaves nothing behind, so the process ends by itself. */
async function close() {
  server.close()
  server.closeAllConnections()
  await verifier.close()
  await issuer.close()
}

/** What the client gets, and no more. */
function wire(response, body) {
  const challenge = response.headers.get('www-authenticate')
  return [
    { text: 'what the client gets', style: bold },
    { text: `HTTP/1.1 ${response.status} ${response.statusText}`, style: response.ok ? good : poor },
    ...(challenge === null ? [] : [{ text: `WWW-Authenticate: ${challenge}` }]),
    { text: '' },
    ...body.split(/(?<=,)(?=")/).map((text) => ({ text })), // a line for each member
  ]
}

/** What the operator is told on asking. */
async function explain(token, { path, params, policy }) {
  const request = { method: 'GET', url: path, params, headers: { authorization: `Bearer ${token}` } }
  const { checks, code, policy: tree } = await verifier.explain(request, policy)
  const failed = checks.find(({ outcome }) => outcome === 'failed')
  const passed = checks.filter(({ outcome }) => outcome === 'passed')
  const head = { text: 'what the operator is told', style: bold }
  if (failed === undefined) {
    const names = passed.map(({ check }) => check).join(', ')
    return { told: [head, { text: 'allowed', style: good }, { label: 'passed', text: names }], tree }
  }
  const told = [
    head,
    { text: code, style: poor },
    { label: 'passed', text: `${passed.length} checks` },
    { label: 'failed', text: `${failed.check} (${failed.section})` },
    { label: 'expected', text: failed.expected },
    { label: 'got', text: failed.got },
    { label: 'do', text: failed.action },
  ]
  return { told, tree }
}
