// Publishing: a document is held to everything that loading one is held to, signed, and stored in place of the one before it.
// A revision is given once; what was published under it is never another text later on.
import { ConfigurationError, VerificationError } from '../../errors.js'
import type { KeyObject } from '../../jose/jwk.js'
import { requireKnownOptions } from '../../option-checks.js'
import type { PolicyDocument } from '../../state/policy-documents.js'
import type { State } from '../../state/state.js'
import { requireDocumentName, requireSigningKey } from './document-keys.js'
import { parsePolicies } from './load-policies.js'
import { isRevision, isTime, signPolicies, UntrustedPoliciesError, verifyHead } from './signed-policies.js'

/** What {@link publishPolicies} takes. */
export interface PublishPoliciesOptions {
  /** The name that a fleet shares the policies under, 1 to 128 characters. */
  readonly name: string
  /** A whole number, greater than that of any document of this name before it. */
  readonly revision: number
  /** The private key, of Ed25519: a JWK or a KeyObject. It has no business on a machine that only verifies. */
  readonly privateKey: KeyObject | object
  /** Not to be in force before, in seconds since the epoch. @defaultValue at once */
  readonly notBefore?: number
}

/** Others publish, too: after so many times that somebody was first, it is told. */
const greatestAttempts = 10

/**
 * Signs policies and publishes them to a fleet. To go back to an older document, publish its text under a new revision. The
 * same document may be published again under the same revision: after a loss of the state, or where the answer was lost.
 *
 * @param text - a YAML or JSON document, as `loadPolicies` takes it
 * @example
 * ```ts
 * await publishPolicies(state, await readFile('policies.yaml', 'utf8'), { name: 'orders', revision: 12, privateKey })
 * ```
 * @throws ConfigurationError for a document that is not good, and for a revision that was given before
 * @throws VerificationError `state_unavailable` where it was not stored, or nobody knows whether it was: publish it again
 */
export async function publishPolicies(
  state: Pick<State, 'policies'>,
  text: string,
  options: PublishPoliciesOptions,
): Promise<void> {
  if (typeof options !== 'object' || options === null) throw new ConfigurationError('publishPolicies() takes options')
  requireKnownOptions(options, ['name', 'revision', 'privateKey', 'notBefore'], 'publishPolicies()')
  const { revision, notBefore = 0 } = options
  const name = requireDocumentName(options.name)
  const key = requireSigningKey(options.privateKey)
  if (!isRevision(revision)) throw new ConfigurationError('`revision` must be a whole number from 1')
  if (!isTime(notBefore)) throw new ConfigurationError('`notBefore` must be a number of seconds since the epoch')
  if (typeof text !== 'string' || !text.isWellFormed())
    throw new ConfigurationError(`${name}: a policy document is text`)
  parsePolicies(text, { fileName: name })
  const document = signPolicies(text, { name, revision, notBefore }, key)
  for (let attempt = 0; attempt < greatestAttempts; attempt++) {
    const there = await state.policies.latest(name)
    requireNewer(revisionOf(there), revision)
    if (await state.policies.publish(name, document, there)) return
  }
  throw new VerificationError('state_unavailable', `${name}: others kept publishing at the same moment`, {
    retryAfterSeconds: 1,
  })

  /** Of what is there under our key: what somebody else has put there, readers do not believe, and it is replaced. */
  function revisionOf(there: PolicyDocument | undefined): number {
    if (there === undefined || there.head === document.head) return 0
    try {
      return verifyHead(there.head, name, [key.publicKey]).revision
    } catch (error) {
      if (error instanceof UntrustedPoliciesError) return 0
      throw error
    }
  }
}

function requireNewer(published: number, revision: number): void {
  if (revision > published) return
  throw new ConfigurationError(`revision ${published} was published before: the next one must be greater`)
}
