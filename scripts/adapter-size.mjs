// An adapter translates and decides nothing; a file of it that grows has begun to decide. All lines count.
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { root } from './run.mjs'

const adapters = ['express', 'fastify', 'mcp', 'nestjs']
const limit = 150

for (const adapter of adapters) {
  const folder = join(root, 'packages', adapter, 'src')
  for (const file of readdirSync(folder, { recursive: true })) {
    if (!/(?<!\.test)\.ts$/.test(file)) continue
    const lines = readFileSync(join(folder, file), 'utf8').trimEnd().split('\n').length
    if (lines < limit) continue
    console.error(`packages/${adapter}/src/${file} has ${lines} lines, an adapter's file stays under ${limit}`)
    process.exitCode = 1
  }
}
