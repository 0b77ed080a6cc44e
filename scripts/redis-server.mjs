// Makes sure that there is a Redis for the tests to start: the package of Debian, installed where it is missing and where we
// may. A machine without Redis can't say that the shared state works, so nothing goes on without.
import { spawnSync } from 'node:child_process'

const isThere = () => spawnSync('redis-server', ['--version']).status === 0

/** Answers whether there is one now. */
export function ensureRedis() {
  if (isThere()) return true
  const isRoot = process.getuid?.() === 0
  if (isRoot && spawnSync('apt-get', ['--version']).status === 0) installRedis()
  if (isThere()) return true
  console.error(
    'redis-server is not installed: apt-get install redis-server, or whatever your system calls Redis 7 or later',
  )
  return false
}

function installRedis() {
  // With RUNLEVEL=1 the package starts no server of its own.
  const options = { stdio: 'inherit', env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive', RUNLEVEL: '1' } }
  const install = ['install', '--yes', '--no-install-recommends', 'redis-server', 'redis-tools']
  if (spawnSync('apt-get', ['update'], options).status === 0) spawnSync('apt-get', install, options)
}
