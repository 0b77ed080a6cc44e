// Where measuring happens: one process for each figure, with the keys and tokens in files that are gone in the end.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { PinnedNode } from './pinned-node.js'
import { makeBadTokens, makeKey, makeTokens } from './tokens.js'

const measureProgram = fileURLToPath(new URL('measure.js', import.meta.url))
const memoryProgram = fileURLToPath(new URL('memory.js', import.meta.url))

export class Laboratory {
  #folder = mkdtempSync(join(tmpdir(), 'sallyport-bench-'))
  #node = new PinnedNode()
  #contenders
  #milliseconds

  constructor({ contenders, milliseconds }) {
    this.#contenders = contenders
    this.#milliseconds = milliseconds
    process.once('exit', () => rmSync(this.#folder, { recursive: true, force: true }))
    for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => process.exit(1))
  }

  /** Makes a key, and so many tokens, to be found by this name. */
  async prepare(alg, count, name = alg) {
    const key = makeKey(alg)
    const [tokens, badTokens] = [await makeTokens(key, count), await makeBadTokens(key)]
    writeFileSync(this.#file(name), JSON.stringify({ key, tokens, badTokens }))
  }

  /** Microseconds of CPU time a call, of these contenders and of raw `crypto.verify`, all in one process. */
  measure(alg, names) {
    const milliseconds = String(this.#milliseconds)
    return this.#node.run(measureProgram, this.#contenders.href, this.#file(alg), milliseconds, ...names)
  }

  /** Bytes for each token that it remembers. */
  remember(prepared, name) {
    return this.#node.run('--expose-gc', '--max-old-space-size=4096', memoryProgram, this.#file(prepared), name)
  }

  #file(name) {
    return join(this.#folder, `${name}.json`)
  }
}
