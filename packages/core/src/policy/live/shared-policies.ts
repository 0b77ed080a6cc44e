// Policies that a fleet shares, taken over by every node as soon as they are published. What comes is verified, judged and
// tested as if nobody could be trusted, for whoever can write to the state could have put it there; what does not come
// through, or does not come, leaves the policies in force, for ever if need be.
import type { Clock } from '../../clock.js'
import { publishPolicies as publishEvent } from '../../events.js'
import type { VerificationKey } from '../../jose/jwk.js'
import type { PolicyDocument } from '../../state/policy-documents.js'
import type { State } from '../../state/state.js'
import type { PolicyFacts } from '../compiled.js'
import type { Policy } from '../policy.js'
import type { PolicySet, PolicySource } from '../policy-set.js'
import type { LastGoodFile } from './last-good-file.js'
import type { LivePolicies, OfferOutcome, ShadowState } from './live-policies.js'
import { type PolicyHead, UntrustedPoliciesError, verifyHead, verifyText } from './signed-policies.js'

/** What policies are known by: which revision of which text. */
type Known = Pick<PolicyHead, 'revision' | 'sha256'>

/** What {@link SharedPolicies} are made of. */
export interface SharedPoliciesParts {
  readonly state: Pick<State, 'policies' | 'ready'>
  readonly name: string
  readonly keys: readonly VerificationKey[]
  readonly live: LivePolicies
  /** What {@link live} begins with; revision 0 for policies that nobody has signed. */
  readonly begins: Known
  readonly file: LastGoodFile | undefined
  readonly pollSeconds: number
  readonly clock: Clock
  /** From 0 to 1: so that a fleet does not ask in one moment. */
  readonly random: () => number
}

const leastWaitSeconds = 0.01

/** The policies that a fleet shares, as they are now. Made by {@link sharedPolicies}. */
export class SharedPolicies implements PolicySource {
  readonly #parts: SharedPoliciesParts
  readonly #unsubscribe: () => void
  /** What is in force. */
  #inForce: Known
  /** The newest that was verified, whatever came of it. INVARIANT: nothing older is looked at any more. */
  #newest: Known
  #checkedAt: number | undefined
  /** When the newest may be in force, where that is later. */
  #dueAt = Number.POSITIVE_INFINITY
  #told: string | undefined
  #looking: Promise<OfferOutcome> | undefined
  #next: Promise<OfferOutcome> | undefined
  #timer: NodeJS.Timeout | undefined
  #isClosed = false

  /** @internal use {@link sharedPolicies} */
  constructor(parts: SharedPoliciesParts) {
    this.#parts = parts
    this.#inForce = parts.begins
    this.#newest = parts.begins
    this.#unsubscribe = parts.state.policies.onPublished(parts.name, () => void this.reload())
    const look = (): void => void this.reload()
    parts.state.ready().then(look, look) // who awaits it is told what is wrong; here it is seen by looking
    this.#lookAgain() // though it may never be ready
  }

  /** The policies in force. */
  get current(): PolicySet {
    return this.#parts.live.current
  }

  /** Their revision; 0 for those that the process has brought along. */
  get revision(): number {
    return this.#inForce.revision
  }

  /** When it was last known that nothing newer is published, in seconds since the epoch; `undefined` where never. */
  get checkedAt(): number | undefined {
    return this.#checkedAt
  }

  /** New policies on trial, and how often they disagreed; `undefined` where none are. */
  get shadow(): ShadowState | undefined {
    return this.#parts.live.shadow
  }

  /** @internal for the verifier */
  observe(policy: Policy, facts: PolicyFacts): void {
    this.#parts.live.observe(policy, facts)
  }

  /**
   * Looks at what is published now. Never throws: what cannot be read, or is not good, leaves the policies in force, and the
   * channel `sallyport:policies` says why.
   */
  reload(): Promise<OfferOutcome> {
    if (this.#looking === undefined) return this.#begin()
    // What is under way may have read already what has been replaced since: this call wants to know of that, too.
    this.#next ??= this.#looking.then(() => this.#looking ?? this.#begin())
    return this.#next
  }

  /** Does not look any more. The policies stay in force; those that were taken over are on disk, if they shall be. */
  async close(): Promise<void> {
    this.#isClosed = true
    clearTimeout(this.#timer)
    this.#unsubscribe()
    await this.#looking
    await this.#parts.file?.settled()
  }

  #begin(): Promise<OfferOutcome> {
    this.#next = undefined
    this.#looking = this.#look().finally(() => {
      this.#looking = undefined
      this.#lookAgain()
    })
    return this.#looking
  }

  async #look(): Promise<OfferOutcome> {
    if (this.#isClosed) return 'unchanged'
    const { state, name } = this.#parts
    try {
      return this.#judge(await state.policies.latest(name))
    } catch (error) {
      if (error instanceof UntrustedPoliciesError) return this.#refuse(error.message)
      return this.#refuse('it cannot be told what is published', error)
    }
  }

  /** @throws UntrustedPoliciesError */
  #judge(document: PolicyDocument | undefined): OfferOutcome {
    this.#dueAt = Number.POSITIVE_INFINITY
    if (document === undefined) return this.#judgeNothing()
    const { name, keys, clock } = this.#parts
    const head = verifyHead(document.head, name, keys)
    const { revision, sha256 } = this.#newest
    if (head.revision < revision)
      throw new UntrustedPoliciesError(`revision ${head.revision} is published again, and ${revision} was seen`)
    if (head.revision === revision && head.sha256 !== sha256)
      throw new UntrustedPoliciesError(`revision ${revision} is published with another text`)
    if (head.revision === revision) return this.#check('unchanged')
    verifyText(document.text, head)
    if (head.notBefore <= clock()) return this.#check(this.#offer(document, head))
    this.#dueAt = head.notBefore
    this.#checkedAt = clock()
    throw new UntrustedPoliciesError(`revision ${head.revision} is not to be in force yet`)
  }

  /** Nothing was ever published, or what was is lost. */
  #judgeNothing(): OfferOutcome {
    if (this.#newest.revision === 0) return this.#check('unchanged')
    throw new UntrustedPoliciesError('nothing is published under this name any more')
  }

  #offer(document: PolicyDocument, head: PolicyHead): OfferOutcome {
    const { live } = this.#parts
    this.#newest = head
    const outcome = live.offer(document.text, () => this.#takeOver(document, head))
    if (outcome === 'unchanged' && head.sha256 === this.#inForce.sha256) this.#takeOver(document, head)
    return outcome
  }

  #takeOver(document: PolicyDocument, head: PolicyHead): void {
    this.#inForce = head
    this.#parts.file?.write(document)
  }

  #check(outcome: OfferOutcome): OfferOutcome {
    this.#checkedAt = this.#parts.clock()
    this.#told = undefined
    return outcome
  }

  /** @param cause - may be another one every time: an outage is told once all the same */
  #refuse(reason: string, cause?: unknown): 'refused' {
    if (reason === this.#told) return 'refused' // told once
    this.#told = reason
    const { name } = this.#parts
    const why = cause instanceof Error ? ` (${cause.message})` : ''
    publishEvent({ source: name, outcome: 'refused', reason: `${name}: ${reason}${why}` })
    return 'refused'
  }

  #lookAgain(): void {
    clearTimeout(this.#timer)
    const { pollSeconds, clock, random } = this.#parts
    if (this.#isClosed || pollSeconds === 0) return
    const poll = pollSeconds * (0.9 + 0.2 * random())
    const due = Math.max(this.#dueAt - clock(), leastWaitSeconds)
    const wait = Number.isNaN(due) ? poll : Math.min(due, poll) // of a clock that is broken nobody asks at every moment
    this.#timer = setTimeout(() => void this.reload(), wait * 1000).unref() // keeps no process alive
  }
}
