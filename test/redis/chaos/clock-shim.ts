// A Redis server with a date of its own. It needs a compiler: of all that these tests use, the one thing that a machine on which
// Sallyport is worked on may lack.
import { execFile } from 'node:child_process'
import { closeSync, openSync, writeFileSync, writeSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { type RedisServer, startRedis } from '../../fixtures/redis-servers.js'

const source = fileURLToPath(new URL('clock-shim.c', import.meta.url))

/** What gives servers another date. */
export interface ClockShim {
  /** Starts a server. `set` has its date be so many seconds ahead of that of the machine. */
  startRedis(): Promise<{ readonly server: RedisServer; set(seconds: number): void }>
  /** Takes its folder away. */
  stop(): Promise<void>
}

/** Compiles it; `undefined` where there is no compiler. */
export async function compileClockShim(): Promise<ClockShim | undefined> {
  const folder = await mkdtemp(join(tmpdir(), 'clock-'))
  const library = join(folder, 'clock.so')
  try {
    await promisify(execFile)('gcc', ['-shared', '-fPIC', '-O1', '-Wall', '-Werror', '-o', library, source])
  } catch (error) {
    await rm(folder, { recursive: true })
    if ((error as { readonly code: unknown }).code === 'ENOENT') return undefined
    throw error
  }
  let count = 0
  return {
    async startRedis() {
      count += 1
      const file = join(folder, String(count))
      writeFileSync(file, Buffer.alloc(8))
      // `LD_PRELOAD` is what the loader of Linux calls it.
      const server = await startRedis({ env: { LD_PRELOAD: library, CLOCK_AHEAD: file } })
      const set = (seconds: number): void => {
        const bytes = Buffer.alloc(8)
        bytes.writeBigInt64LE(BigInt(seconds))
        const place = openSync(file, 'r+') // in its place: the server has it before its eyes
        writeSync(place, bytes)
        closeSync(place)
      }
      return { server, set }
    },
    stop: () => rm(folder, { recursive: true }),
  }
}
