// Three processes of the quickstart that share a state on Redis: what is revoked is revoked on all of them, and how soon.
// With SALLYPORT_REDIS_URL the state is there; otherwise a redis-server is started for it, and stopped.
import { fork, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { createVerifier } from '@sallyport/core'
import { createTestIssuer } from '@sallyport/core/testing'
import { bold, good, heading, poor } from './layout.js'

const nodes = 3
process.exitCode = (await demonstrate()) ? 0 : 1

/** Answers whether everything was as it should be. */
async function demonstrate() {
  const issuer = await createTestIssuer({ audience: 'https://orders.example' })
  const redis = process.env.SALLYPORT_REDIS_URL ? undefined : await startRedis()
  Object.assign(process.env, {
    SALLYPORT_ISSUER: issuer.issuer,
    SALLYPORT_AUDIENCE: issuer.audience,
    SALLYPORT_REDIS_URL: process.env.SALLYPORT_REDIS_URL ?? redis.url,
    SALLYPORT_REDIS_SECRET: process.env.SALLYPORT_REDIS_SECRET ?? 'a secret of the demo, in production 32 random bytes',
    PORT: '0',
  })
  const apps = await Promise.all(Array.from({ length: nodes }, startApp))
  const verifier = createVerifier() // the operator's: one more node of the fleet
  console.log(`\n${nodes} processes of the API share a state on ${bold(redis?.url ?? 'SALLYPORT_REDIS_URL')}.\n`)
  try {
    return await showRevocation({ issuer, apps, verifier })
  } finally {
    for (const { process: app } of apps) await stopApp(app)
    await verifier.close()
    await issuer.close()
    await redis?.stop()
  }
}

async function showRevocation({ issuer, apps, verifier }) {
  const session = { sub: 'ann', sid: 'session of ann', scope: 'read:orders' }
  const token = await issuer.issue(session)
  const neighbour = await issuer.issue({ ...session, sub: 'bob', sid: 'session of bob' })

  console.log(heading('before', `${nodes} answers`, good))
  const before = await Promise.all(apps.map((app) => app.waitFor(token, 200)))
  await Promise.all(apps.map((app) => app.waitFor(neighbour, 200)))
  for (const [index, { status }] of before.entries()) console.log(`process ${index + 1}   ${good(status)}`)

  console.log(`\n${heading("verifier.revoke({ session: 'session of ann' })", 'in a fourth process', good)}`)
  const revokedAt = performance.now()
  const refusals = apps.map((app) => app.waitFor(token, 401))
  const { reached } = await verifier.revoke({ session: session.sid, issuer: issuer.issuer })
  console.log(`kept in ${reached.join(', ')} after ${milliseconds(performance.now() - revokedAt)}`)
  const after = await Promise.all(refusals)
  for (const [index, { status, code, at }] of after.entries()) {
    console.log(`process ${index + 1}   ${poor(status)} ${code} after ${milliseconds(at - revokedAt)}`)
  }
  const others = await Promise.all(apps.map((app) => app.ask(neighbour)))
  const isRight = after.every(({ code }) => code === 'token_revoked') && others.every(({ status }) => status === 200)
  console.log(`the session of bob: ${others.map(({ status }) => status).join(', ')}`)
  console.log(isRight ? good('\nAll answers are as expected.') : poor('\nNot as expected.'))
  return isRight
}

function milliseconds(value) {
  return bold(`${value.toFixed(1)} ms`)
}

/** A process of its own. */
async function startApp() {
  const app = fork(fileURLToPath(new URL('./demo-node.js', import.meta.url)))
  const [{ port }] = await once(app, 'message')
  const ask = async (token) => {
    const headers = { authorization: `Bearer ${token}` }
    const response = await fetch(`http://127.0.0.1:${port}/orders`, { headers })
    return { status: response.status, code: (await response.json()).code, at: performance.now() }
  }
  /** Asks until the answer is the one that is waited for: at the start the state is not there yet. */
  const waitFor = async (token, status) => {
    const end = performance.now() + 10_000
    let answer = await ask(token)
    while (answer.status !== status && performance.now() < end) answer = await ask(token)
    return answer
  }
  return { process: app, ask, waitFor }
}

async function stopApp(app) {
  if (app.exitCode !== null) return
  app.disconnect()
  await once(app, 'exit')
}

async function startRedis() {
  const port = await freePort()
  const folder = mkdtempSync(join(tmpdir(), 'sallyport-demo-'))
  const server = spawn('redis-server', ['--port', port, '--bind', '127.0.0.1', '--save', '', '--dir', folder], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  server.once('error', () => {
    console.error('The demo needs redis-server: install it, or set SALLYPORT_REDIS_URL.')
    process.exit(1)
  })
  await new Promise((resolve) => {
    server.stdout.on('data', (chunk) => void (String(chunk).includes('Ready to accept connections') && resolve()))
  })
  const stop = async () => {
    server.kill()
    if (server.exitCode === null) await once(server, 'exit')
    rmSync(folder, { recursive: true, force: true })
  }
  return { url: `redis://127.0.0.1:${port}`, stop }
}

async function freePort() {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address()
  server.close()
  await once(server, 'close')
  return String(port)
}
