// A file of policies, looked at again and again. It is asked for by its name every time, so a file that is replaced by
// renaming, and the links of a mounted volume, are followed.
import { readFileSync, statSync } from 'node:fs'
import { readFile, stat } from 'node:fs/promises'
import { ConfigurationError } from '../../errors.js'
import { requireKnownOptions, requireSeconds } from '../../option-checks.js'
import type { PolicyFacts } from '../compiled.js'
import { greatestBytes } from '../document/document-source.js'
import type { Policy } from '../policy.js'
import type { PolicySet, PolicySource } from '../policy-set.js'
import { LivePolicies, type OfferOutcome, type ShadowOptions, type ShadowState } from './live-policies.js'

/** What {@link loadPolicies} takes. */
export interface LoadPoliciesOptions {
  /** How often the file is looked at, in seconds; 0 for never. @defaultValue 5 */
  readonly reloadSeconds?: number
  /** Judges new policies beside those in force before they take over. Off by default. */
  readonly shadow?: ShadowOptions
}

/** The policies of a file, as they are now. Made by {@link loadPolicies}. */
export class PolicyFile implements PolicySource {
  readonly #path: string
  readonly #live: LivePolicies
  readonly #timer: NodeJS.Timeout | undefined
  #reading: Promise<OfferOutcome> | undefined

  /** @internal use {@link loadPolicies} */
  constructor(path: string, live: LivePolicies, reloadSeconds: number) {
    this.#path = path
    this.#live = live
    if (reloadSeconds === 0) return
    this.#timer = setInterval(() => void this.reload(), reloadSeconds * 1000).unref() // keeps no process alive
  }

  /** The policies in force. */
  get current(): PolicySet {
    return this.#live.current
  }

  /** New policies on trial, and how often they disagreed; `undefined` where none are. */
  get shadow(): ShadowState | undefined {
    return this.#live.shadow
  }

  /** @internal for the verifier */
  observe(policy: Policy, facts: PolicyFacts): void {
    this.#live.observe(policy, facts)
  }

  /**
   * Looks at the file now, as on a signal. Never throws: a file that cannot be read, or is not good, leaves the policies in
   * force, and the channel `sallyport:policies` says why.
   */
  reload(): Promise<OfferOutcome> {
    this.#reading ??= this.#read().finally(() => {
      this.#reading = undefined
    })
    return this.#reading
  }

  /** Does not look at the file any more. The policies stay in force. */
  close(): void {
    clearInterval(this.#timer)
  }

  async #read(): Promise<OfferOutcome> {
    let text: string
    try {
      requireSize(await stat(this.#path))
      text = await readFile(this.#path, 'utf8')
    } catch (error) {
      return this.#live.refuse(`${this.#path}: it cannot be read (${reasonOf(error)})`)
    }
    return this.#live.offer(text)
  }
}

/**
 * Loads policies from a YAML or JSON file, and again whenever it changes.
 *
 * @example
 * ```ts
 * app.use(auth({ issuer, audience, policies: loadPolicies('policies.yaml') }))
 * app.get('/orders', requires(use('orders.read')), handler)
 * ```
 * @throws ConfigurationError where the file cannot be read or is not good: an application does not start without its policies
 */
export function loadPolicies(path: string, options: LoadPoliciesOptions = {}): PolicyFile {
  requireKnownOptions(options, ['reloadSeconds', 'shadow'], 'loadPolicies()')
  const { reloadSeconds = 5, shadow } = options
  requireSeconds(reloadSeconds, '`reloadSeconds`', 0, 86_400)
  let text: string
  try {
    requireSize(statSync(path))
    text = readFileSync(path, 'utf8')
  } catch (error) {
    throw new ConfigurationError(`${path}: it cannot be read (${reasonOf(error)})`)
  }
  return new PolicyFile(path, new LivePolicies(path, text, shadow), reloadSeconds)
}

/** What is far too large is not even read. */
function requireSize({ size }: { readonly size: number }): void {
  if (size > 4 * greatestBytes) throw new ConfigurationError('far too large')
}

function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  return 'code' in error ? String(error.code) : error.message
}
