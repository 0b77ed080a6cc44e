// Answers of others that cost more than asking a cache: an introspection, a look-up in a user store. Never a decision: who
// recalls one judges it again, as if it had just come.

/** What was asked. All of it together says which question it was; none of it is stored. */
export interface Question {
  /** What kind of question it is: `'introspection'`, `'subject'`, … */
  readonly kind: string
  /** Who was asked: an issuer, a service. */
  readonly of: string
  /** What about: a token, a subject. May be secret. */
  readonly about: string
}

/** An answer: any JSON value. */
export type Answer = string | number | boolean | null | readonly Answer[] | { readonly [name: string]: Answer }

/** Remembers answers for a while. An outage is a miss: then the real work is done. */
export interface VerdictCache {
  /** The answer that somebody has remembered, if it still holds. Never rejects. */
  recall(question: Question): Promise<{ readonly answer: Answer } | undefined>
  /**
   * Remembers an answer. Never rejects, and says nothing of whether it was remembered.
   *
   * @param until - seconds since the epoch
   */
  remember(question: Question, answer: Answer, until: number): Promise<void>
}
