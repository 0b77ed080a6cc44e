// What shared policies begin with: the last good ones of the file, or those that the process has brought along. A process
// that has neither does not start: what the state says by then is nothing to wait for.
import { type Clock, systemClock } from '../../clock.js'
import { ConfigurationError } from '../../errors.js'
import { publishPolicies as publishEvent } from '../../events.js'
import type { KeyObject, VerificationKey } from '../../jose/jwk.js'
import { sha256 } from '../../jose/sha256.js'
import { requireKnownOptions, requireSeconds } from '../../option-checks.js'
import type { State } from '../../state/state.js'
import { requireDocumentKeys, requireDocumentName } from './document-keys.js'
import { LastGoodFile } from './last-good-file.js'
import { LivePolicies, type ShadowOptions } from './live-policies.js'
import { SharedPolicies, type SharedPoliciesParts } from './shared-policies.js'
import { verifyHead, verifyText } from './signed-policies.js'

/** What {@link sharedPolicies} takes. */
export interface SharedPoliciesOptions {
  /** The name that they are published under. */
  readonly name: string
  /** The public key, of Ed25519, that they are signed with: a JWK or a KeyObject. */
  readonly publicKey?: KeyObject | object
  /** Several in place of {@link publicKey}, at most 8: while one takes the place of another. */
  readonly publicKeys?: readonly (KeyObject | object)[]
  /** A document to begin with, for a start without the state: the policies that the application was built with. */
  readonly fallback?: string
  /**
   * Path of a file that is written whenever policies are taken over, and that the next start begins with, after it was
   * verified again. Its directory is there, and belongs to the application. @defaultValue none
   */
  readonly lastGoodFile?: string
  /** How often is looked for new ones, in seconds, beside being told of them; 0 for never. @defaultValue 30 */
  readonly pollSeconds?: number
  /** Judges new policies beside those in force before they take over. Off by default. */
  readonly shadow?: ShadowOptions
  /** The time, in seconds since the epoch. @defaultValue the clock of the machine */
  readonly clock?: Clock
}

const optionNames = [
  'name',
  'publicKey',
  'publicKeys',
  'fallback',
  'lastGoodFile',
  'pollSeconds',
  'shadow',
  'clock',
] as const satisfies readonly (keyof SharedPoliciesOptions)[]

/**
 * Policies that `publishPolicies` has published, as they are now: taken over by every node of a fleet as soon as they are there
 * and proven.
 *
 * @param state - what the fleet shares; {@link State.ready} is not waited for
 * @example
 * ```ts
 * const policies = sharedPolicies(state, { name: 'orders', publicKey, fallback: await readFile('policies.yaml', 'utf8') })
 * app.use(auth({ issuer, audience, state, policies }))
 * ```
 * @throws ConfigurationError where there is nothing good to begin with: an application does not start without its policies
 */
export function sharedPolicies(
  state: Pick<State, 'policies' | 'ready'>,
  options: SharedPoliciesOptions,
): SharedPolicies {
  if (typeof options !== 'object' || options === null) throw new ConfigurationError('sharedPolicies() takes options')
  requireKnownOptions(options, optionNames, 'sharedPolicies()')
  const name = requireDocumentName(options.name)
  const keys = requireDocumentKeys(options.publicKey, options.publicKeys)
  const { fallback, lastGoodFile, pollSeconds = 30, clock = systemClock } = options
  requireSeconds(pollSeconds, '`pollSeconds`', 0, 86_400)
  if (typeof clock !== 'function') throw new ConfigurationError('`clock` must be a function that answers seconds')
  for (const [what, text] of Object.entries({ fallback, lastGoodFile }))
    if (text !== undefined && (typeof text !== 'string' || text === ''))
      throw new ConfigurationError(`\`${what}\` must be a string, and not empty`)
  const file = lastGoodFile === undefined ? undefined : new LastGoodFile(lastGoodFile, tellUnsaved)
  const beginning = lastGood(name, keys, file, options, clock) ?? broughtAlong(name, options)
  return new SharedPolicies({ state, name, keys, file, pollSeconds, clock, random: Math.random, ...beginning })

  function tellUnsaved(error: unknown): void {
    publishEvent({ source: name, outcome: 'unsaved', reason: `${name}: the file cannot be written (${codeOf(error)})` })
  }
}

type Beginning = Pick<SharedPoliciesParts, 'live' | 'begins'>

/** A file is a place that others can write to, too: it is believed no more than the state. */
function lastGood(
  name: string,
  keys: readonly VerificationKey[],
  file: LastGoodFile | undefined,
  { fallback, shadow }: SharedPoliciesOptions,
  clock: Clock,
): Beginning | undefined {
  try {
    const document = file?.read()
    if (document === undefined) return undefined
    const begins = verifyHead(document.head, name, keys)
    verifyText(document.text, begins)
    if (!(begins.notBefore <= clock())) throw new ConfigurationError('it is not to be in force yet')
    return { live: new LivePolicies(name, document.text, shadow), begins }
  } catch (error) {
    const reason = `${name}: the file of the last good policies is no good (${codeOf(error)})`
    if (fallback === undefined) throw new ConfigurationError(reason, { cause: error })
    publishEvent({ source: name, outcome: 'refused', reason })
    return undefined
  }
}

function broughtAlong(name: string, { fallback, shadow }: SharedPoliciesOptions): Beginning {
  if (fallback === undefined)
    throw new ConfigurationError(`${name}: there are no policies to begin with; give a \`fallback\``)
  const live = new LivePolicies(name, fallback, shadow)
  return { live, begins: { revision: 0, sha256: sha256(fallback) } }
}

/** An error of the file system names the path, which may be a secret of the machine; its code says enough. */
function codeOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  return 'code' in error ? String(error.code) : error.message
}
