// The names of keys and channels in Redis. What must be in one slot of a cluster stands between the same braces. No name
// tells whom it is about.
import { type KeyRing, type Purpose, schema } from './key-ring.js'

/** Names of one namespace. */
export class KeyNames {
  readonly #ring: KeyRing
  readonly #prefix: string

  constructor(ring: KeyRing, namespace: string) {
    this.#ring = ring
    this.#prefix = `${schema}:${namespace}:`
  }

  /** `sp1:<namespace>:{<purpose>:<name>}`, with `:<part>` where there is more than one. */
  key(purpose: Purpose, fields: readonly string[], part?: string): string {
    const tag = `${this.#prefix}{${purpose}:${this.#ring.name(purpose, ...fields)}}`
    return part === undefined ? tag : `${tag}:${part}`
  }

  /** `sp1:<namespace>:{rv}:<part>`: there is one log of revocations. */
  revocation(part: 'log' | 'meta' | 'hb' | 'push' | 'lock' | 'settling'): string {
    return `${this.#prefix}{rv}:${part}`
  }
}
