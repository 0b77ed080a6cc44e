// The checks that an explanation speaks of, in the order in which the verifier makes them, and which of them an error is about.
import type { VerificationError } from './errors.js'
import type { UnverifiedToken } from './staircase.js'

/** Each check, and where it is written down. */
export const sections = {
  credential: 'RFC 6750 §2',
  workload: 'SPIFFE X509-SVID §5',
  attempts: 'RFC 6585 §4',
  format: 'RFC 7515 §5.2',
  introspection: 'RFC 7662 §2.2',
  issuer: 'RFC 9068 §4',
  header: 'RFC 8725 §3.10',
  algorithm: 'RFC 8725 §3.1',
  type: 'RFC 9068 §2.1',
  key: 'RFC 7515 §4.1.4',
  signature: 'RFC 7515 §5.2',
  kind: 'RFC 8725 §3.12',
  audience: 'RFC 9068 §4',
  expiry: 'RFC 7519 §4.1.4',
  'not before': 'RFC 7519 §4.1.5',
  age: 'RFC 7519 §4.1.6',
  claims: 'RFC 9068 §2.2',
  binding: 'RFC 7800 §3',
  proof: 'RFC 9449 §4.3',
  revocation: 'RFC 7009 §2.1',
  subject: 'RFC 9068 §2.2',
  replay: 'RFC 9449 §11.1',
  policy: 'RFC 6750 §3.1',
} as const

/** The checks, in the order in which the verifier makes them. */
export type CheckName = keyof typeof sections

/** What is not checked, by what came. A token that only its issuer can read has an answer in place of a signature. */
export const passedOver: Readonly<Record<UnverifiedToken['form'], ReadonlySet<CheckName>>> = {
  jwt: new Set<CheckName>(['introspection']),
  opaque: new Set<CheckName>(['header', 'algorithm', 'type', 'key', 'signature']),
  none: new Set<CheckName>([
    ...(['attempts', 'format', 'introspection', 'issuer', 'header', 'algorithm', 'type', 'key', 'signature'] as const),
    ...(['kind', 'audience', 'expiry', 'not before', 'age', 'binding', 'proof', 'replay'] as const),
  ]),
}

const checkByClaim: ReadonlyMap<string | undefined, CheckName> = new Map<string | undefined, CheckName>([
  ['iss', 'issuer'],
  ['aud', 'audience'],
  ['exp', 'expiry'],
  ['nbf', 'not before'],
  ['iat', 'age'],
])

/** The check that an error is about. Every code and claim belongs to one. */
export function failedCheck({ code, claim, header, bySchema, isOfConnection }: VerificationError): CheckName {
  if (isOfConnection) return 'workload'
  switch (code) {
    case 'credential_missing':
    case 'credential_malformed':
    case 'credential_ambiguous':
      return 'credential'
    case 'certificate_rejected':
      return 'workload'
    case 'token_malformed':
      return header === undefined ? 'format' : 'header'
    case 'token_inactive':
    case 'introspection_unavailable':
      return 'introspection'
    case 'issuer_untrusted':
      return 'issuer'
    case 'algorithm_rejected':
      return 'algorithm'
    case 'token_type_rejected':
      return claim === undefined ? 'type' : 'kind'
    case 'key_unknown':
    case 'keys_unavailable':
      return 'key'
    case 'signature_invalid':
      return 'signature'
    case 'audience_mismatch':
      return 'audience'
    case 'token_expired':
    case 'token_not_active':
    case 'token_too_old':
    case 'claim_missing':
    case 'claim_invalid':
      return (bySchema || header !== undefined ? undefined : checkByClaim.get(claim)) ?? 'claims'
    case 'binding_missing':
      return 'binding'
    case 'binding_mismatch':
    case 'proof_invalid':
    case 'proof_nonce_required':
      return 'proof'
    case 'proof_replayed':
      return 'replay'
    case 'attempts_exceeded':
      return 'attempts'
    case 'token_revoked':
    case 'state_unavailable':
      return 'revocation'
    case 'subject_unknown':
    case 'subject_unavailable':
      return 'subject'
    case 'scope_insufficient':
    case 'step_up_required':
    case 'policy_denied':
    case 'policy_service_unavailable':
      return 'policy'
  }
}
