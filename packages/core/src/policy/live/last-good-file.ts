// The last good policies on disk, so that a process can start without the state it shares them through. Replaced as a whole,
// and believed no more than what comes out of that state: the signed head is kept with the text.
import { readFileSync, statSync } from 'node:fs'
import { open, rename, rm } from 'node:fs/promises'
import { threadId } from 'node:worker_threads'
import { parseJsonObject } from '../../jose/strict-json.js'
import type { PolicyDocument } from '../../state/policy-documents.js'
import { greatestBytes } from '../document/document-source.js'

/** A control character takes six in JSON, and a head is small. */
const greatestFileBytes = 6 * greatestBytes + 8_192

/** One document in one file. */
export class LastGoodFile {
  readonly #path: string
  readonly #onFailure: (error: unknown) => void
  #writing: Promise<void> = Promise.resolve()

  /** @param onFailure - is told what kept a document from being written */
  constructor(path: string, onFailure: (error: unknown) => void) {
    this.#path = path
    this.#onFailure = onFailure
  }

  /**
   * What is there; `undefined` where there is no file yet. Nothing of it is verified.
   *
   * @throws Error where it cannot be read, or holds something else
   */
  read(): PolicyDocument | undefined {
    const stats = statSync(this.#path, { throwIfNoEntry: false })
    if (stats === undefined) return undefined
    if (stats.size > greatestFileBytes) throw new Error('it is too large')
    const { head, text } = parseJsonObject(readFileSync(this.#path))
    if (typeof head !== 'string' || typeof text !== 'string') throw new Error('it holds no signed policies')
    return { head, text }
  }

  /** Writes a document, after those that are being written. Nobody waits for it. */
  write(document: PolicyDocument): void {
    this.#writing = this.#writing.then(() => this.#replace(document)).catch(this.#onFailure)
  }

  /** Resolves once everything is written. */
  settled(): Promise<void> {
    return this.#writing
  }

  /** Whoever reads meanwhile, be it after a loss of power, finds the old document or the new one. */
  async #replace({ head, text }: PolicyDocument): Promise<void> {
    const temporary = `${this.#path}.${process.pid}-${threadId}`
    try {
      const file = await open(temporary, 'w', 0o600)
      try {
        await file.writeFile(JSON.stringify({ head, text }))
        await file.sync()
      } finally {
        await file.close()
      }
      await rename(temporary, this.#path)
    } catch (error) {
      await rm(temporary, { force: true })
      throw error
    }
  }
}
