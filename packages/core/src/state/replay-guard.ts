// What may be used once, anywhere in the fleet: the proof of a holder, the assertion of a client, a logout token.

/** One thing that may be used once. All of it together says which: one client's `jti` is not another's. */
export interface SingleUse {
  /** What kind of thing it is: `'dpop'`, `'assertion'`, `'logout'`, … */
  readonly kind: string
  /** Who made it: the thumbprint of a key (`jkt`), a client, an issuer. */
  readonly by: string
  /** Whom it is for: host of `htu`, an audience; empty where that says nothing. */
  readonly at?: string
  /** Its `jti`. */
  readonly id: string
}

/** Remembers what was used. */
export interface ReplayGuard {
  /**
   * Uses it up: one atomic operation, to be made after every other check. `true` for the first use, `false` for any other, in
   * this process or in another.
   *
   * @param until - seconds since the epoch: from then on the thing is refused for its age, tolerance of clocks included
   * @throws VerificationError `state_unavailable` where nobody can tell: it is not used then, as far as anybody knows
   */
  useOnce(use: SingleUse, until: number): Promise<boolean>
}
