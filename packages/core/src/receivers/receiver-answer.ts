// What a receiver answers: to an issuer as Back-Channel Logout §2.8 says, to a transmitter as RFC 8935 §2.2 to §2.4. Nothing of
// the token gets into it: the description is the title of a code, or a sentence of our own.
import { describeCode, type ErrorCode, type VerificationError } from '../errors.js'
import type { ReceivingError } from './received-request.js'

/** An answer, for any framework to write. */
export interface ReceiverAnswer {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  /** Empty, or JSON. */
  readonly body: string
}

/** How a receiver words its answers. */
export interface AnswerWords {
  readonly done: ReceiverAnswer
  /** The body of a refusal. */
  refusal(refused: VerificationError | ReceivingError): object
}

const unstored = { 'Cache-Control': 'no-store' } as const

/** Back-Channel Logout §2.8, with the members of RFC 6749 §5.2. */
export const logoutWords: AnswerWords = {
  done: Object.freeze({ status: 200, headers: Object.freeze({ ...unstored }), body: '' }),
  refusal: (refused) => ({ error: 'invalid_request', error_description: descriptionOf(refused) }),
}

/** RFC 8935 §2.2, §2.3. */
export const pushWords: AnswerWords = {
  done: Object.freeze({ status: 202, headers: Object.freeze({ ...unstored }), body: '' }),
  refusal: (refused) => ({ err: pushErrorOf(refused), description: descriptionOf(refused) }),
}

/**
 * A refusal in words. An outage of ours is 503: the token was not judged, or not acted upon, and may come again.
 */
export function toRefusal(refused: VerificationError | ReceivingError, words: AnswerWords): ReceiverAnswer {
  const headers: Record<string, string> = { ...unstored }
  if (isOutage(refused)) {
    headers['Retry-After'] = String(Math.max(1, Math.ceil(refused.retryAfterSeconds ?? 1))) // RFC 9110 §10.2.3
    return { status: 503, headers, body: '' }
  }
  headers['Content-Type'] = 'application/json'
  headers['Content-Language'] = 'en' // RFC 8935 §2.3: of the description
  const status = 'code' in refused ? 400 : refused.status
  if (status === 405) headers['Allow'] = 'POST' // RFC 9110 §15.5.6
  return { status, headers, body: JSON.stringify(words.refusal(refused)) }
}

/** Whether the fault is ours. */
export function isOutage(refused: VerificationError | ReceivingError): refused is VerificationError {
  return 'code' in refused && describeCode(refused.code).status === 503
}

function descriptionOf(refused: VerificationError | ReceivingError): string {
  return 'code' in refused ? describeCode(refused.code).title : refused.message
}

/** RFC 8935 §2.4. What is not here is `invalid_request`: it is not a SET, or not such a one. */
const pushErrors: Partial<Record<ErrorCode, string>> = {
  algorithm_rejected: 'invalid_key',
  key_unknown: 'invalid_key',
  signature_invalid: 'invalid_key',
  issuer_untrusted: 'invalid_issuer',
  audience_mismatch: 'invalid_audience',
}

function pushErrorOf(refused: VerificationError | ReceivingError): string {
  if ('code' in refused) return pushErrors[refused.code] ?? 'invalid_request'
  return refused.isAboutSender ? 'authentication_failed' : 'invalid_request'
}
