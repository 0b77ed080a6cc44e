// Another process, which prints JSON. If it fails, because a contender gave a wrong answer or none, so does the run.
import { execFile, spawnSync } from 'node:child_process'
import { promisify } from 'node:util'

export class PinnedNode {
  #command = pinnedTo(0)

  async run(...args) {
    const [command, ...first] = this.#command
    const { stdout } = await promisify(execFile)(command, [...first, ...args]).catch(({ stderr, message }) => {
      throw new Error(stderr || message)
    })
    return JSON.parse(stdout)
  }
}

/** Node on one core, where there is a tool for that: then garbage collection takes the time that it takes. */
export function pinnedTo(core) {
  const pinned = ['taskset', '-c', String(core), process.execPath]
  const { status } = spawnSync(pinned[0], [...pinned.slice(1), '--version'])
  return status === 0 ? pinned : [process.execPath]
}
