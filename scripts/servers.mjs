// Makes sure that there are a Redis and an nginx for the tests to start: the packages of Debian, installed where they are missing
// and where we may. A machine without them can't say that what stands on them works, so nothing goes on without.
import { spawnSync } from 'node:child_process'

const servers = [
  { program: 'redis-server', packages: ['redis-server', 'redis-tools'], name: 'Redis 7 or later' },
  { program: 'nginx', packages: ['nginx-light'], name: 'nginx' },
]

/** Where Debian has servers is not on every path. */
const env = { ...process.env, PATH: `${process.env.PATH}:/usr/sbin` }
const isThere = ({ program }) => spawnSync(program, ['-v'], { env }).status === 0

/** Answers whether they are all there now. */
export function ensureServers() {
  const missing = servers.filter((server) => !isThere(server))
  const isRoot = process.getuid?.() === 0
  if (missing.length > 0 && isRoot && spawnSync('apt-get', ['--version']).status === 0) install(missing)
  const stillMissing = missing.filter((server) => !isThere(server))
  for (const { program, packages, name } of stillMissing)
    console.error(
      `${program} is not installed: apt-get install ${packages.join(' ')}, or whatever your system calls ${name}`,
    )
  return stillMissing.length === 0
}

function install(missing) {
  // With RUNLEVEL=1 the packages start no servers of their own.
  const options = { stdio: 'inherit', env: { ...env, DEBIAN_FRONTEND: 'noninteractive', RUNLEVEL: '1' } }
  if (spawnSync('apt-get', ['update'], options).status !== 0) return
  for (const { packages } of missing)
    spawnSync('apt-get', ['install', '--yes', '--no-install-recommends', ...packages], options)
}
