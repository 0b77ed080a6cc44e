// A herd of processes, each with all of the packages, as they are in the sources.
import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'
import type { HerdOrder } from './herd-node.js'

const path = (relative: string): string => fileURLToPath(new URL(relative, import.meta.url))

export interface HerdProcess {
  /** Sends an order and waits for the answer. Rejects where the process ends instead. */
  ask(order: HerdOrder): Promise<unknown>
}

export interface Herd {
  /** Starts processes, and resolves when all of them wait for an order. */
  start(size: number): Promise<HerdProcess[]>
  /** Ends all of them. */
  stop(): Promise<void>
}

/** Makes the program of a herd out of the sources, so that nothing has to be built before. */
export async function makeHerd(): Promise<Herd> {
  const folder = await mkdtemp(join(tmpdir(), 'herd-'))
  const program = join(folder, 'herd-node.mjs')
  await build({
    entryPoints: [path('herd-node.ts')],
    outfile: program,
    tsconfig: path('../../tsconfig.json'),
    bundle: true,
    platform: 'node',
    format: 'esm',
    target: 'node20',
    // Of the client of Redis, which is CommonJS.
    banner: {
      js: "import { createRequire as makeRequire } from 'node:module'; const require = makeRequire(import.meta.url)",
    },
  })
  const children: ChildProcess[] = []
  const startOne = async (): Promise<HerdProcess> => {
    const child = fork(program, { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] })
    children.push(child)
    await answerOf(child)
    return {
      ask(order) {
        child.send(order)
        return answerOf(child)
      },
    }
  }
  return {
    start: (size) => Promise.all(Array.from({ length: size }, startOne)),
    async stop() {
      await Promise.all(children.map(end))
      await rm(folder, { recursive: true, force: true })
    },
  }
}

async function answerOf(child: ChildProcess): Promise<unknown> {
  const over = new AbortController()
  const { signal } = over
  try {
    const ended = once(child, 'exit', { signal }).then(([code]) => {
      throw new Error(`a process of the herd ended with ${code}`)
    })
    const [answer] = await Promise.race([once(child, 'message', { signal }), ended])
    return answer
  } finally {
    over.abort()
  }
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const exited = once(child, 'exit')
  child.kill('SIGKILL')
  await exited
}
