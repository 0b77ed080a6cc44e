// What receivers of logout tokens and of security events do alike: answer, tell the operator, and say how long a revocation is
// remembered.
import { ConfigurationError, VerificationError } from './errors.js'
import { publishReceiver, type ReceiverEvent } from './events.js'
import type { IssuerRecord } from './issuer-record.js'
import { requireSeconds } from './option-checks.js'
import { createEventReceiver, type EventReceiver } from './receivers/event-receiver.js'
import { type ReceivedRequest, ReceivingError } from './receivers/received-request.js'
import { type AnswerWords, isOutage, type ReceiverAnswer, toRefusal } from './receivers/receiver-answer.js'
import type { Revocation, RevocationOptions } from './state/revocation.js'
import { Verifier } from './verifier.js'

/** What has come of a token that was accepted. */
export type Received = Pick<ReceiverEvent, 'outcome' | 'reason'> & { readonly issuer: string }

/** Wraps a function that accepts or throws into a receiver that answers. */
export function createReceiver(
  receiver: ReceiverEvent['receiver'],
  words: AnswerWords,
  receive: (request: ReceivedRequest) => Promise<Received>,
): EventReceiver {
  const refuse = (error: VerificationError | ReceivingError): ReceiverAnswer => {
    const outcome = isOutage(error) ? 'failed' : 'refused'
    publishReceiver({ receiver, outcome, reason: error.message, ...('code' in error && { code: error.code }) })
    return toRefusal(error, words)
  }
  const handle = async (request: ReceivedRequest): Promise<ReceiverAnswer> => {
    try {
      publishReceiver({ receiver, ...(await receive(request)) })
      return words.done
    } catch (error) {
      if (error instanceof VerificationError || error instanceof ReceivingError) return refuse(error)
      publishReceiver({ receiver, outcome: 'failed', reason: 'an error that is none of a token: nothing was accepted' })
      throw error // ours: it goes on to the framework
    }
  }
  return createEventReceiver(handle, refuse)
}

/** @throws ConfigurationError */
export function requireLifetime(seconds: unknown): number | undefined {
  return seconds === undefined ? undefined : requireSeconds(seconds, '`tokenLifetimeSeconds`', 1, 315_360_000)
}

/**
 * Takes all of it back, at once; until the last token that it is about has expired.
 *
 * @param lifetime - as {@link requireLifetime} has judged it
 *
 * @throws VerificationError `state_unavailable`; what does not fit into the state is no fault of the sender's either
 */
export async function revokeAll(
  verifier: Verifier<unknown>,
  revocations: readonly Revocation[],
  lifetime: number | undefined,
): Promise<void> {
  const { issuers, clock } = Verifier.configurationOf(verifier)
  const now = clock()
  try {
    await Promise.all(
      revocations.map((each) => verifier.revoke(each, untilOf(now, issuers.get(String(each.issuer)), lifetime))),
    )
  } catch (cause) {
    if (!(cause instanceof ConfigurationError)) throw cause
    throw new VerificationError('state_unavailable', 'the revocation does not fit into the state', { cause })
  }
}

/** A token that is issued now is the last one: by a clock that may be ahead of ours. */
function untilOf(now: number, record: IssuerRecord | undefined, lifetime: number | undefined): RevocationOptions {
  const longest = lifetime ?? record?.rules.maxTokenAgeSeconds
  if (record === undefined || longest === undefined) return {}
  return { until: now + longest + record.rules.clockToleranceSeconds }
}
