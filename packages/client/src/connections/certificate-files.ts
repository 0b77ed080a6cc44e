// The files of a set of certificates, looked at again and again. They are asked for by name every time, so files that are
// replaced by renaming (spiffe-helper, certbot) and the links of a mounted volume (Kubernetes) are followed. A set is read
// twice and taken when both readings agree: nobody writes three files in one moment.
import { readFileSync, statSync } from 'node:fs'
import { readFile, stat } from 'node:fs/promises'
import type { CertificateTexts } from '../credentials/certificate-set.js'
import { digestOf } from '../credentials/digest.js'

/** Where a set lies. */
export interface CertificatePaths {
  readonly cert?: string
  readonly key?: string
  readonly ca?: string
}

/** A set as it was read, and what tells it from another. */
export interface ReadCertificates {
  readonly texts: CertificateTexts
  readonly digest: string
}

/** Bound of one file, in bytes. */
const greatestBytes = 1_048_576

/** How often a set is read that changes while it is read. */
const greatestReadings = 3

type Kind = keyof CertificateTexts

/** Reads a file; an argument for tests that change it while it is read. */
type ReadText = (path: string) => Promise<string>

/** Reads at once, while a client is built. @throws the error of the file system */
export function readAtOnce(paths: CertificatePaths): ReadCertificates {
  return asRead(
    entriesOf(paths).map(([kind, path]) => {
      requireSize(statSync(path))
      return [kind, readFileSync(path, 'utf8')]
    }),
  )
}

/** The files, watched by their state (time, size, inode) and then by their contents. */
export class CertificateFiles {
  readonly #paths: CertificatePaths
  readonly #readFile: ReadText
  #state: string | undefined

  constructor(paths: CertificatePaths, readText: ReadText = (path) => readFile(path, 'utf8')) {
    this.#paths = paths
    this.#readFile = readText
  }

  /**
   * What the files hold, where they were touched since the last time; `undefined` where they were not, or are just being
   * written.
   *
   * @throws the error of the file system
   */
  async readIfTouched(): Promise<ReadCertificates | undefined> {
    const state = await this.#look()
    if (state === this.#state) return undefined
    let before = await this.#read()
    for (let reading = 1; reading < greatestReadings; reading += 1) {
      const after = await this.#read()
      if (after.digest === before.digest) {
        // INVARIANT: the state from before the reading. What is written after it was taken is read the next time.
        this.#state = state
        return after
      }
      before = after
    }
    return undefined
  }

  /** Reads again at the next look, touched or not. */
  forget(): void {
    this.#state = undefined
  }

  async #look(): Promise<string> {
    const states = entriesOf(this.#paths).map(async ([, path]) => {
      const state = await stat(path, { bigint: true })
      requireSize(state)
      return [state.mtimeNs, state.ctimeNs, state.size, state.ino, state.dev].join(':')
    })
    return (await Promise.all(states)).join(' ')
  }

  async #read(): Promise<ReadCertificates> {
    const texts = entriesOf(this.#paths).map(async ([kind, path]) => [kind, await this.#readFile(path)] as const)
    return asRead(await Promise.all(texts))
  }
}

function asRead(entries: readonly (readonly [Kind, string])[]): ReadCertificates {
  const texts: CertificateTexts = Object.fromEntries(entries)
  return { texts, digest: digestOf(texts.cert, texts.key, texts.ca) }
}

function entriesOf(paths: CertificatePaths): readonly (readonly [Kind, string])[] {
  return Object.entries(paths) as [Kind, string][]
}

/** What is far too large is not even read. */
function requireSize({ size }: { readonly size: number | bigint }): void {
  if (size > greatestBytes) throw new RangeError('the file is far too large')
}
