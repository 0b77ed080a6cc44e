// The set of certificates in force, and what follows when the files change: a set that fits together takes over, any other is
// told once and the one before stays.
import { ConfigurationError } from '@sallyport/core'
import type { Publish } from '../client-events.js'
import { type CertificateSet, judgeCertificates, UnfitCertificates } from '../credentials/certificate-set.js'
import { CertificateFiles, type CertificatePaths, type ReadCertificates, readAtOnce } from './certificate-files.js'

/** What came of a look at the files. */
export type ReloadOutcome = 'unchanged' | 'rotated' | 'rejected'

/** What certificates are watched with. */
export interface WatchSettings {
  readonly paths: CertificatePaths
  /** Between two looks; 0 for none. */
  readonly reloadSeconds: number
  readonly clock: () => number
  readonly publish: Publish
  /** Told of each new set before anybody hears of it. */
  readonly onRotation: (set: CertificateSet) => void
}

export class LiveCertificates {
  readonly #settings: WatchSettings
  readonly #files: CertificateFiles
  readonly #timer: NodeJS.Timeout | undefined
  #set: CertificateSet
  #digest: string
  #loadedAt: number
  #rejection: { readonly reason: string; readonly digest: string | undefined } | undefined
  #looking: Promise<ReloadOutcome> | undefined

  /** @throws ConfigurationError where the files hold no set that is good today: a service does not start without its certificate */
  constructor(settings: WatchSettings) {
    this.#settings = settings
    this.#files = new CertificateFiles(settings.paths)
    try {
      const read = readAtOnce(settings.paths)
      this.#digest = read.digest
      this.#set = judgeCertificates(read.texts, settings.clock())
      this.#loadedAt = settings.clock()
    } catch (error) {
      throw new ConfigurationError(`\`tls\`: ${reasonOf(error)}`)
    }
    if (settings.reloadSeconds === 0) return
    this.#timer = setInterval(() => void this.reload(), settings.reloadSeconds * 1000).unref() // keeps no process alive
  }

  /** The set in force. */
  get set(): CertificateSet {
    return this.#set
  }

  /** When the set in force was loaded, in seconds since the epoch. */
  get loadedAt(): number {
    return this.#loadedAt
  }

  /** Why the files as they are now are not in force; `undefined` where they are. */
  get rejection(): string | undefined {
    return this.#rejection?.reason
  }

  /** Looks at the files now. Never throws. */
  reload(): Promise<ReloadOutcome> {
    this.#looking ??= this.#look().finally(() => {
      this.#looking = undefined
    })
    return this.#looking
  }

  close(): void {
    clearInterval(this.#timer)
  }

  async #look(): Promise<ReloadOutcome> {
    let read: ReadCertificates | undefined
    try {
      read = await this.#files.readIfTouched()
      if (read === undefined) return this.#rejection === undefined ? 'unchanged' : 'rejected'
      if (read.digest === this.#digest) {
        this.#rejection = undefined
        return 'unchanged'
      }
      this.#take(read)
      return 'rotated'
    } catch (error) {
      this.#reject(reasonOf(error), read?.digest)
      return 'rejected'
    }
  }

  #take({ texts, digest }: ReadCertificates): void {
    const { clock, onRotation, publish } = this.#settings
    const set = judgeCertificates(texts, clock())
    onRotation(set)
    this.#set = set
    this.#digest = digest
    this.#loadedAt = clock()
    this.#rejection = undefined
    publish({ outcome: 'rotated', ...(set.expiresAt === undefined ? {} : { expiresAt: set.expiresAt }) })
  }

  /** One set is told once, not at every look; it is judged at every look, because one that is too new gets into force. */
  #reject(reason: string, digest: string | undefined): void {
    this.#files.forget()
    const told = this.#rejection
    this.#rejection = { reason, digest }
    if (told?.reason !== reason || told.digest !== digest) this.#settings.publish({ outcome: 'rejected', reason })
  }
}

function reasonOf(error: unknown): string {
  if (error instanceof UnfitCertificates || error instanceof RangeError) return error.message
  const code = error instanceof Error && 'code' in error ? ` (${String(error.code)})` : ''
  return `the files of the certificates cannot be read${code}`
}
