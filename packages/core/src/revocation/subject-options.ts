// How an application has subjects looked up, judged once.
import { ConfigurationError } from '../errors.js'
import { requireKnownOptions, requireSeconds } from '../option-checks.js'

/** Whom an application is asked about. */
export interface SubjectToLookUp {
  readonly subject: string
  readonly issuer: string
  /** Of a machine that speaks for itself, it is the subject in most cases. */
  readonly clientId: string | undefined
  /** Claims of the token that asks first. The answer is remembered for the subject, whichever of its tokens comes next. */
  readonly claims: Readonly<Record<string, unknown>>
}

/** Answers whether a subject exists. @param signal - aborted when nobody waits for the answer any more */
export type SubjectLookUp = (subject: SubjectToLookUp, signal: AbortSignal) => boolean | Promise<boolean>

/** How subjects are looked up in the application's own store. */
export interface SubjectsOptions {
  /** Whether a subject still exists. Who throws or answers too late lets nobody pass: 503. */
  readonly exists: SubjectLookUp
  /** How long a yes serves, 1 to 86400: so long at most somebody who is gone still passes. @defaultValue 60 */
  readonly existsSeconds?: number
  /** How long a no serves, 1 to 3600: so long at most somebody who has come back does not pass. @defaultValue 10 */
  readonly absentSeconds?: number
  /** How long an answer is waited for, 0.01 to 30. @defaultValue 2 */
  readonly timeoutSeconds?: number
  /** Bound of the answers that are kept in this process. @defaultValue 10000 */
  readonly maxEntries?: number
}

/** {@link SubjectsOptions} with every default in place. */
export type SubjectLifetimes = Required<Omit<SubjectsOptions, 'exists'>>

const defaults: SubjectLifetimes = { existsSeconds: 60, absentSeconds: 10, timeoutSeconds: 2, maxEntries: 10_000 }

/** @throws ConfigurationError */
export function judgeSubjects(options: SubjectsOptions): { exists: SubjectLookUp; lifetimes: SubjectLifetimes } {
  if (typeof options !== 'object' || options === null || typeof options.exists !== 'function')
    throw new ConfigurationError('`subjects` must be an object with a function `exists`')
  requireKnownOptions(options, ['exists', ...Object.keys(defaults)], '`subjects`')
  const { existsSeconds, absentSeconds, timeoutSeconds, maxEntries } = { ...defaults, ...options }
  requireSeconds(existsSeconds, '`subjects.existsSeconds`', 1, 86_400)
  requireSeconds(absentSeconds, '`subjects.absentSeconds`', 1, 3_600)
  requireSeconds(timeoutSeconds, '`subjects.timeoutSeconds`', 0.01, 30)
  if (!Number.isSafeInteger(maxEntries) || maxEntries < 1)
    throw new ConfigurationError('`subjects.maxEntries` must be a whole number from 1')
  const { exists } = options
  return { exists, lifetimes: Object.freeze({ existsSeconds, absentSeconds, timeoutSeconds, maxEntries }) }
}
