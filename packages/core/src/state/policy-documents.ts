// Policies as signed documents that a fleet shares. Who may publish is decided by a signature, not by who can write here.

/** A document of policies, as it was published. */
export interface PolicyDocument {
  /** The signed head, a compact JWS: which revision, and the digest of the text. */
  readonly head: string
  readonly text: string
}

/** Shares documents of policies. None of it is trusted before its signature was verified. */
export interface PolicyDocuments {
  /**
   * The document that was published last under a name; `undefined` where there is none.
   *
   * @throws Error where nobody can tell: the policies in force stay
   */
  latest(name: string): Promise<PolicyDocument | undefined>
  /**
   * Publishes a document in place of another, in one step.
   *
   * @param replaced - what {@link latest} has answered; `undefined` for nothing
   * @returns `false`, with nothing done, where something else is there by now
   * @throws Error where it was not stored, or nobody knows whether it was
   */
  publish(name: string, document: PolicyDocument, replaced: PolicyDocument | undefined): Promise<boolean>
  /** Calls back when a document may have been published. Answers a function that ends it. */
  onPublished(name: string, listener: () => void): () => void
}
