// Revocations on their way, in a file: so that they outlive a process that ends before every region has them. Lines are only
// ever appended, `+ entry` when one is made and `- entry` when it has arrived, and reach the disk before anybody is told that a
// revocation was made. Now and then the file is written anew, beside the old one, and takes its place in one step.
//
// One process has one file. It names nobody: an entry in it is the same text as in the log.
import { accessSync, appendFile, closeSync, constants, fdatasync, openSync, readFileSync, statSync } from 'node:fs'
import { open, rename } from 'node:fs/promises'
import { dirname } from 'node:path'
import { promisify } from 'node:util'
import { ConfigurationError } from '@sallyport/core'
import type { KeyRing } from '../sealing/key-ring.js'
import { decodeEntry, encodeEntry } from './entry-codec.js'
import type { RevocationEntry } from './revocation-entry.js'

const header = 'sallyport outbox 1'
const mostBytes = 67_108_864
/** A process must be able to begin with what another one left. */
const mostEntries = 500_000
/** Lines of what has arrived before the file is written anew. */
const mostDone = 10_000
/** Who writes, as entries name it: in a file it does not matter. */
const writer = 'outbox-file'

const append = promisify(appendFile) as (descriptor: number, text: string) => Promise<void>
const flush = promisify(fdatasync)

/** The file of one process. */
export class OutboxFile {
  readonly #path: string
  readonly #ring: KeyRing
  /** What has not arrived, by its text. */
  readonly #entries: Map<string, RevocationEntry>
  #descriptor: number | undefined
  /** What has to be appended; in the file that is written anew it is there already. */
  #lines = ''
  #done = 0
  #isClosed = false
  #turn: Promise<void>

  /**
   * Opens a file, or makes it.
   *
   * @throws ConfigurationError for one that was damaged, or that cannot be read and written
   */
  constructor(path: string, ring: KeyRing) {
    this.#path = path
    this.#ring = ring
    const read = parse(readText(path), ring)
    this.#entries = new Map(read.map((entry) => [this.#textOf(entry), entry]))
    this.#turn = this.#write()
    this.#turn.catch(() => {}) // the next one is told, and tries again
  }

  /** What has not arrived. */
  get entries(): readonly RevocationEntry[] {
    return [...this.#entries.values()]
  }

  /** Resolves once an entry is on the disk. */
  async add(entry: RevocationEntry): Promise<void> {
    const text = this.#textOf(entry)
    if (this.#entries.size >= mostEntries && !this.#entries.has(text))
      throw new RangeError('too many revocations are on their way')
    this.#entries.set(text, entry)
    this.#lines += `+ ${text}\n`
    return this.#soon()
  }

  /** An entry has arrived. Where that does not reach the disk, it will be brought once more. */
  remove(entry: RevocationEntry): Promise<void> {
    const text = this.#textOf(entry)
    if (!this.#entries.delete(text)) return this.#turn
    this.#done += 1
    this.#lines += `- ${text}\n`
    return this.#soon()
  }

  /** What is not wanted has arrived, however it came there. */
  retain(isWanted: (entry: RevocationEntry) => boolean): Promise<void> {
    const arrived = this.entries.filter((entry) => !isWanted(entry))
    return Promise.all(arrived.map((entry) => this.remove(entry))).then(() => {})
  }

  /** Writes what has to be written, and leaves the file. */
  async close(): Promise<void> {
    try {
      await this.#soon()
    } finally {
      this.#isClosed = true
      this.#leave()
    }
  }

  #textOf(entry: RevocationEntry): string {
    return encodeEntry(this.#ring, { entry, writer, count: 1 })
  }

  /** One write at a time; what comes meanwhile goes with the next. */
  #soon(): Promise<void> {
    this.#turn = this.#turn.catch(() => {}).then(() => this.#write())
    this.#turn.catch(() => {}) // whoever waits is told
    return this.#turn
  }

  async #write(): Promise<void> {
    if (this.#isClosed) return
    if (this.#descriptor === undefined || this.#done > mostDone) return this.#writeAnew()
    const lines = this.#lines
    if (lines === '') return
    this.#lines = ''
    try {
      await append(this.#descriptor, lines)
      await flush(this.#descriptor)
    } catch (error) {
      this.#leave() // half a line may be in it: nothing is appended to that
      throw error
    }
  }

  async #writeAnew(): Promise<void> {
    this.#leave()
    this.#lines = ''
    this.#done = 0
    const text = [header, ...[...this.#entries.keys()].map((entry) => `+ ${entry}`), ''].join('\n')
    const beside = `${this.#path}.new`
    const file = await open(beside, 'w', 0o600)
    try {
      await file.writeFile(text)
      await file.sync()
    } finally {
      await file.close()
    }
    await rename(beside, this.#path)
    const folder = await open(dirname(this.#path), 'r')
    await folder.sync().finally(() => folder.close())
    this.#descriptor = openSync(this.#path, 'a', 0o600)
  }

  #leave(): void {
    if (this.#descriptor !== undefined) closeSync(this.#descriptor)
    this.#descriptor = undefined
  }
}

/** @throws ConfigurationError */
function readText(path: string): string {
  try {
    accessSync(dirname(path), constants.W_OK)
    closeSync(openSync(path, 'a', 0o600))
    if (statSync(path).size > mostBytes) throw new RangeError('too large')
    return readFileSync(path, 'latin1')
  } catch (error) {
    throw new ConfigurationError('`outboxFile` cannot be read and written, or is far too large', { cause: error })
  }
}

/** @throws ConfigurationError */
function parse(text: string, ring: KeyRing): readonly RevocationEntry[] {
  const entries = new Map<string, RevocationEntry>()
  const [first, ...lines] = text.split('\n')
  if (text === '') return []
  if (first !== header || lines.length === 0)
    throw new ConfigurationError('`outboxFile` is a file of something else: name another one')
  lines.pop() // a line that was not ended was not written to its end, and nobody was told that it was
  for (const [index, line] of lines.entries()) {
    const sign = line.slice(0, 2)
    const entry = decodeEntry(ring, line.slice(2))?.entry
    if (entry === undefined || (sign !== '+ ' && sign !== '- '))
      throw new ConfigurationError(
        `line ${index + 2} of \`outboxFile\` was damaged, or written with another \`secret\`: mend it, or move the file away`,
      )
    if (sign === '+ ') entries.set(line.slice(2), entry)
    else entries.delete(line.slice(2))
  }
  return [...entries.values()]
}
