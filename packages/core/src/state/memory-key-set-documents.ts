// Key sets that the verifiers of one process share: what one has fetched, another need not.
import { LRUCache } from 'lru-cache'
import {
  holdSameKeys,
  type KeySetDocument,
  type KeySetDocuments,
  type KeySetSource,
  type SharedDocument,
  type SharedFetchOptions,
} from './key-set-documents.js'

/** In a process there are as many as it has issuers. */
const greatestSources = 1_000

/** Shares nothing beyond this process. The budget for unknown key ids is left to each verifier. */
export class MemoryKeySetDocuments implements KeySetDocuments {
  readonly #documents = new LRUCache<string, KeySetDocument>({ max: greatestSources })
  readonly #flights = new Map<string, Promise<KeySetDocument>>()
  readonly #listeners = new Map<string, Set<() => void>>()
  #serial = 0

  async latest(source: KeySetSource): Promise<KeySetDocument | undefined> {
    return this.#documents.get(nameOf(source))
  }

  async fetchOnce(
    source: KeySetSource,
    { serves }: Pick<SharedFetchOptions, 'serves'>,
    fetch: () => Promise<KeySetDocument>,
  ): Promise<SharedDocument> {
    const name = nameOf(source)
    for (;;) {
      const known = this.#documents.get(name)
      if (known !== undefined && serves(known)) return { document: known, isOwn: false, isLater: false }
      const flight = this.#flights.get(name)
      if (flight === undefined) return { document: await this.#fetch(name, fetch), isOwn: true, isLater: true }
      await flight // it fails for all who wait
    }
  }

  onChanged(source: KeySetSource, listener: () => void): () => void {
    const name = nameOf(source)
    const listeners = this.#listeners.get(name) ?? new Set()
    const own = (): void => listener()
    this.#listeners.set(name, listeners.add(own))
    return () => {
      listeners.delete(own)
      if (listeners.size === 0) this.#listeners.delete(name)
    }
  }

  #fetch(name: string, fetch: () => Promise<KeySetDocument>): Promise<KeySetDocument> {
    this.#serial += 1
    const serial = this.#serial
    const flight = fetch()
      .then((document) => this.#store(name, { ...document, serial }))
      .finally(() => this.#flights.delete(name))
    this.#flights.set(name, flight)
    return flight
  }

  #store(name: string, document: KeySetDocument): KeySetDocument {
    const known = this.#documents.get(name)
    this.#documents.set(name, document)
    if (known === undefined || !holdSameKeys(document, known))
      for (const listener of [...(this.#listeners.get(name) ?? [])]) listener()
    return document
  }
}

function nameOf({ issuer, location }: KeySetSource): string {
  return JSON.stringify([issuer, location])
}
