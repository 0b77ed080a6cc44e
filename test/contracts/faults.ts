// One request for each code that a refusal can have: a good one, spoiled in one place.
import type { ErrorCode } from '@sallyport/core'
import type { TestHolder, TestIssuer, TestKey } from '@sallyport/core/testing'

/** Who signs, and what time it is. */
export interface FaultWorld {
  readonly idp: TestIssuer
  /** Trusted, and out of reach. */
  readonly away: TestIssuer
  /** Has the key id of the issuer, and another key. */
  readonly stranger: TestKey
  /** Makes proofs. */
  readonly holder: TestHolder
  /** For them. */
  readonly nonce: string
  /** Seconds since the epoch. */
  readonly now: number
}

/** What is sent: lines of the header, and the path where it is not `/orders`. */
export interface FaultyRequest {
  readonly lines: readonly string[]
  readonly path?: string
}

/** @param path - where it is sent, for what is made for one place */
type Fault = (world: FaultWorld, path?: string) => Promise<FaultyRequest>

/** Where the API is, for those who make proofs. */
export const publicUrl = 'https://api.example.com'

/** Of the proof that was used before. */
export const usedProof = 'used-before'

/** Of whose tokens too many were refused. */
export const failingSubject = 'failing'

/** Of whose certificate a trusted proxy says that it has two names. */
const strangeWorkload = 'spiffe://prod.example/strange'

/** Of the one token that was taken back. */
export const revokedJti = 'taken-back'

/** Of the one token of which the state can't tell whether it was. */
export const untoldJti = 'untold'

/** Of whom the user store says that they are gone, and about whom it can't be asked. */
export const goneSubject = 'gone'
export const untoldSubject = 'untold'

/** Of whom no policy service can tell whether they may. */
export const undecidedSubject = 'undecided'

/** Of the opaque token that the issuer can't be asked about. */
export const untoldToken = 'an-untold-token'

const authorization = (token: string): string => `Authorization: Bearer ${token}`
const good = { scope: 'read:orders', plan: 'paid' }

/** A token with other claims. */
const claims =
  (spoiled: object): Fault =>
  async ({ idp, now }) => ({ lines: [authorization(await idp.issue({ ...good, auth_time: now, ...spoiled }))] })

const header =
  (spoiled: Record<string, unknown>): Fault =>
  async ({ idp, now }) => ({
    lines: [authorization(await idp.issue({ ...good, auth_time: now }, { header: spoiled }))],
  })

/** A bound token with a proof in which these claims are spoiled. */
const proof =
  (spoiled: object, cnf?: object): Fault =>
  async ({ idp, now, holder, nonce }, path = '/orders') => {
    const token = await idp.issue({ ...good, auth_time: now, cnf: cnf ?? holder.confirmation })
    const claims = { nonce, iat: now, ...spoiled }
    return {
      lines: [
        `Authorization: DPoP ${token}`,
        `DPoP: ${await holder.prove(token, { url: publicUrl + path }, { claims })}`,
      ],
    }
  }

const withNone = (token: string): string =>
  [Buffer.from('{"alg":"none","typ":"at+jwt"}').toString('base64url'), ...token.split('.').slice(1)].join('.')

/** By code. All of them ask for `/orders`. */
export const faults: Readonly<Record<ErrorCode, Fault>> = {
  credential_missing: async () => ({ lines: [] }),
  credential_malformed: async () => ({ lines: ['Authorization: Bearer a b'] }),
  credential_ambiguous: async ({ idp }) => {
    const line = authorization(await idp.issue(good))
    return { lines: [line, line] }
  },
  certificate_rejected: async ({ idp }) => ({
    lines: [
      authorization(await idp.issue(good)),
      `X-Forwarded-Client-Cert: URI=${strangeWorkload};URI=${strangeWorkload}`,
    ],
  }),
  attempts_exceeded: claims({ sub: failingSubject }),
  token_malformed: async () => ({ lines: [authorization('eyJ.e30.b')] }),
  token_type_rejected: header({ typ: 'logout+jwt' }),
  algorithm_rejected: async ({ idp }) => ({ lines: [authorization(withNone(await idp.issue(good)))] }),
  issuer_untrusted: claims({ iss: 'https://other.example' }),
  token_inactive: async () => ({ lines: [authorization('an-inactive-token')] }),
  key_unknown: header({ kid: 'unknown' }),
  signature_invalid: async ({ idp, stranger }) => ({
    lines: [authorization(await idp.issue(good, { key: stranger }))],
  }),
  token_expired: async (world) => claims({ iat: world.now - 600, exp: world.now - 60 })(world),
  token_not_active: async (world) => claims({ nbf: world.now + 60 })(world),
  token_too_old: async (world) => claims({ iat: world.now - 7_200 })(world),
  audience_mismatch: claims({ aud: 'https://other.example' }),
  claim_missing: claims({ jti: undefined }),
  claim_invalid: claims({ sub: 7 }),
  binding_missing: claims({ cnf: { jkt: 'x' } }),
  binding_mismatch: proof({}, { jkt: 'A'.repeat(43) }),
  proof_invalid: proof({ htm: 'DELETE' }),
  proof_nonce_required: proof({ nonce: undefined }),
  proof_replayed: proof({ jti: usedProof }),
  token_revoked: claims({ jti: revokedJti }),
  subject_unknown: claims({ sub: goneSubject }),
  scope_insufficient: claims({ scope: 'read:menu' }),
  step_up_required: async (world) => claims({ auth_time: world.now - 901 })(world),
  policy_denied: claims({ plan: 'trial' }),
  keys_unavailable: async (world) => claims({ iss: world.away.issuer })(world),
  introspection_unavailable: async () => ({ lines: [authorization(untoldToken)] }),
  state_unavailable: claims({ jti: untoldJti }),
  subject_unavailable: claims({ sub: untoldSubject }),
  policy_service_unavailable: claims({ sub: undecidedSubject }),
}
