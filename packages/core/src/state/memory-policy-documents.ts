// Policies that were published in this process.
import { VerificationError } from '../errors.js'
import type { PolicyDocument, PolicyDocuments } from './policy-documents.js'

/** Keeps the last document of each name. */
export class MemoryPolicyDocuments implements PolicyDocuments {
  readonly #documents = new Map<string, PolicyDocument>()
  readonly #listeners = new Map<string, Set<() => void>>()
  #isClosed = false

  async latest(name: string): Promise<PolicyDocument | undefined> {
    this.#requireOpen()
    return this.#documents.get(name)
  }

  async publish(name: string, document: PolicyDocument, replaced: PolicyDocument | undefined): Promise<boolean> {
    this.#requireOpen()
    if (this.#documents.get(name)?.head !== replaced?.head) return false
    this.#documents.set(name, { ...document })
    for (const listener of [...(this.#listeners.get(name) ?? [])]) listener()
    return true
  }

  onPublished(name: string, listener: () => void): () => void {
    const listeners = this.#listeners.get(name) ?? new Set()
    const own = (): void => listener()
    this.#listeners.set(name, listeners.add(own))
    return () => {
      listeners.delete(own)
      if (listeners.size === 0) this.#listeners.delete(name)
    }
  }

  /** Nothing is published any more. */
  close(): void {
    this.#isClosed = true
  }

  #requireOpen(): void {
    if (this.#isClosed) throw new VerificationError('state_unavailable', 'the state was closed')
  }
}
