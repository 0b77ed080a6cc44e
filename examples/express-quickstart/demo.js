// The quickstart with an issuer of its own: five requests with real tokens, what the client gets for each, and what the
// operator is told. Then the app stays up for more; with --once it ends, with exit code 0 if all five went as they should.
import { once } from 'node:events'
import { createTestIssuer, createTestKey } from '@sallyport/core/testing'
import { auth, scope } from '@sallyport/express'
import { bold, columns, good, heading, poor } from './layout.js'

const issuer = await createTestIssuer({ audience: 'https://orders.example' })
Object.assign(process.env, { SALLYPORT_ISSUER: issuer.issuer, SALLYPORT_AUDIENCE: issuer.audience, PORT: '0' })
const { server } = await import('./app.js')
if (!server.listening) await once(server, 'listening')
const url = `http://127.0.0.1:${server.address().port}/orders`

// The operator's console: what the app is told by its environment, this verifier is told too.
const { verifier } = auth()

const now = Math.floor(Date.now() / 1000)
const ann = { sub: 'ann', scope: 'read:orders', exp: now + 3600 }
const forger = { key: await createTestKey('ES256', issuer.key.kid) } // the issuer's key id, but not its key

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
]

console.log(`\nThe API ${bold(url)} trusts the issuer ${bold(issuer.issuer)},`)
console.log(`and whoever calls it needs the scope ${bold('read:orders')}. Five requests:`)

let surprises = 0
for (const [index, { title, token, expected }] of requests.entries()) {
  const response = await fetch(url, { headers: { authorization: `Bearer ${token}` } })
  const body = await response.text()
  const asExpected = response.status === expected.status && JSON.parse(body).code === expected.code
  if (!asExpected) surprises += 1
  const [remark, style] = asExpected ? ['as expected', good] : ['not as expected', poor]
  console.log(`\n${heading(`${index + 1} · ${title}`, remark, style)}\n`)
  console.log(`curl -i ${url} -H 'Authorization: Bearer ${token}'\n`)
  console.log(columns(wire(response, body), await explain(token)))
}
console.log(surprises === 0 ? good('\nAll five answers are as expected.') : poor(`\n${surprises} of five surprise.`))
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
async function explain(token) {
  const request = { method: 'GET', url: '/orders', headers: { authorization: `Bearer ${token}` } }
  const { checks, code } = await verifier.explain(request, scope('read:orders'))
  const failed = checks.find(({ outcome }) => outcome === 'failed')
  const passed = checks.filter(({ outcome }) => outcome === 'passed')
  const head = { text: 'what the operator is told', style: bold }
  if (failed === undefined) {
    return [
      head,
      { text: 'allowed', style: good },
      { label: 'passed', text: passed.map(({ check }) => check).join(', ') },
    ]
  }
  return [
    head,
    { text: code, style: poor },
    { label: 'passed', text: `${passed.length} checks` },
    { label: 'failed', text: `${failed.check} (${failed.section})` },
    { label: 'expected', text: failed.expected },
    { label: 'got', text: failed.got },
    { label: 'do', text: failed.action },
  ]
}
