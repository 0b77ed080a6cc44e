// What failed, in words for the operator: what was expected, what came, and what to do about it.

import { grantsAt } from './claims/claim-path.js'
import type { VerificationError } from './errors.js'
import { explainPolicyFailure } from './explain-policy.js'
import { failedCheck } from './explained-checks.js'
import type { IssuerRecord } from './issuer-record.js'
import { parseSpiffeId } from './jose/spiffe-id.js'
import { date, list, printable, show } from './operator-text.js'
import type { UnverifiedToken } from './staircase.js'

/** The words about one failed check. */
export interface Diagnosis {
  readonly expected: string
  readonly got: string
  readonly action: string
}

/** What was known when the verifier said no. Nothing of it is proven. */
export interface ExplanationContext {
  /** Whether certificates of workloads are looked at. */
  readonly hasWorkloads: boolean
  readonly issuers: ReadonlyMap<string, IssuerRecord>
  /** By trust domain. */
  readonly svidRecords: ReadonlyMap<string, IssuerRecord>
  readonly unverified: UnverifiedToken | undefined
  /** Seconds since the epoch. */
  readonly now: number
}

/** The words about an error, by the check that it is about. */
export function diagnose(error: VerificationError, context: ExplanationContext): Diagnosis {
  const claims = context.unverified?.unverifiedClaims ?? {}
  const record = recordOf(claims, context)
  const words = { error, context, claims, header: context.unverified?.unverifiedHeader, record }
  switch (failedCheck(error)) {
    case 'credential':
      return {
        expected: 'one bearer token',
        got: error.message,
        action: 'send one header: Authorization: Bearer <token>',
      }
    case 'workload':
      return diagnoseWorkload(error)
    case 'issuer':
      return diagnoseIssuer(words)
    case 'algorithm':
      return {
        expected: list(record?.algorithms ?? []),
        got: show(words.header?.alg),
        action: 'let the issuer sign with an accepted algorithm, or list this one in `algorithms` if you trust it',
      }
    case 'type':
    case 'kind':
      return diagnoseType(words)
    case 'introspection':
      return diagnoseIntrospection(error)
    case 'key':
      return diagnoseKey(words)
    case 'signature':
      return {
        expected: 'a signature by the key that the token names',
        got: error.message,
        action:
          'the token was altered, cut, or signed with another key of the same `kid`: get a new one from the issuer',
      }
    case 'audience':
      return {
        expected: list(record?.rules.audiences ?? []),
        got: show(claims[error.claim ?? 'aud']),
        action: 'ask the issuer for a token for this API, or correct `audience` if that is who this API is',
      }
    case 'expiry':
    case 'not before':
    case 'age':
      return diagnoseTime(words)
    case 'policy':
      return explainPolicyFailure(error, record === undefined ? [] : grantsAt(claims, record.rules.scopes, true).values)
    case 'binding':
      return diagnoseBinding(words)
    case 'proof':
      return {
        expected: 'a proof for this request and this token, by the key that the token is bound to',
        got: error.message,
        action:
          error.code === 'proof_nonce_required'
            ? 'the client has to send the request again with the `DPoP-Nonce` of the refusal in its proof'
            : 'compare what the client signs with the request: method, `publicUrl` and path, its clock, its key',
      }
    case 'replay':
      return {
        expected: 'a proof that was not used before',
        got: error.message,
        action: 'a client makes a proof for every request; look who sends the same one again, a proxy or a thief',
      }
    case 'attempts':
      return {
        expected: 'fewer failed attempts from this address or client',
        got: error.message,
        action:
          'look for a client that sends bad tokens again and again; raise `failedAttempts` if it is many behind one address',
      }
    case 'subject':
      return {
        expected: 'a subject that the look-up of the application knows',
        got: error.message,
        action:
          error.code === 'subject_unknown'
            ? 'the account is gone: the user has to sign up again'
            : 'look whether the user store can be reached; the token itself is good',
      }
    case 'revocation':
      if (error.code === 'state_unavailable') return diagnoseState(error)
      return {
        expected: 'a token that nobody took back',
        got: error.message,
        action: 'let the user log in again: a token that is issued after the revocation is good',
      }
    default:
      return { expected: 'a token as the RFC writes it', got: error.message, action: 'get a new token from the issuer' }
  }
}

/** Whose rules a token was judged by. */
function recordOf(
  { iss, sub }: Words['claims'],
  { issuers, svidRecords }: ExplanationContext,
): IssuerRecord | undefined {
  const issuer = typeof iss === 'string' ? issuers.get(iss) : undefined
  return issuer ?? (typeof sub === 'string' ? svidRecords.get(parseSpiffeId(sub)?.trustDomain ?? '') : undefined)
}

function diagnoseWorkload({ code, message, cause }: VerificationError): Diagnosis {
  if (code === 'certificate_rejected')
    return {
      expected: 'an X.509-SVID that the bundle of its trust domain vouches for',
      got: message,
      action:
        'look at the certificate that the workload shows, and which of `spiffe.trustDomains` it should belong to: their bundles may be old',
    }
  return {
    expected: 'the bundle of the trust domain',
    got: printable(cause instanceof Error ? cause.message : message),
    action: 'look whether the bundle can be fetched or read on this host; the certificate itself was not judged',
  }
}

function diagnoseIntrospection({ code, message, cause }: VerificationError): Diagnosis {
  if (code === 'token_inactive')
    return {
      expected: 'a token that its issuer calls active',
      got: message,
      action:
        'get a new token: it has expired, was revoked, is of another issuer, or the issuer does not tell us about it',
    }
  return {
    expected: 'an answer of the issuer about the token',
    got: printable(cause instanceof Error ? cause.message : message),
    action:
      'look whether the issuer can be reached from this host and knows our client; the token itself was not judged',
  }
}

function diagnoseState({ message, cause }: VerificationError): Diagnosis {
  return {
    expected: 'a state that knows what was revoked and used of late',
    got: printable(cause instanceof Error ? cause.message : message),
    action: 'look at `state.health()` and at the events of `sallyport:state`; the token itself was not judged',
  }
}

function diagnoseBinding({ error, claims, record }: Words): Diagnosis {
  const expected =
    record?.dpop === 'required' ? 'a token that is bound to a key' : 'a token with the proof of its holder'
  const diagnosis = { expected, got: error.message }
  if (JSON.stringify(claims['cnf'] ?? {}).includes('"x5t#S256"'))
    return {
      ...diagnosis,
      action: 'connect with the certificate that the issuer saw, and let `clientCertificate` say where it arrives',
    }
  if (record?.dpop === 'off')
    return {
      ...diagnosis,
      action: 'set `publicUrl`, for which clients make proofs, or let the issuer grant this API unbound tokens',
    }
  return {
    ...diagnosis,
    action:
      'send `Authorization: DPoP <token>` and a `DPoP` header, with a token that the issuer has bound to that key',
  }
}

interface Words {
  readonly error: VerificationError
  readonly context: ExplanationContext
  readonly claims: Readonly<Record<string, unknown>>
  readonly header: UnverifiedToken['unverifiedHeader'] | undefined
  readonly record: IssuerRecord | undefined
}

function diagnoseIssuer({ context, claims }: Words): Diagnosis {
  const trusted = [...context.issuers.keys()]
  const { iss } = claims
  const near = trusted.find((name) => typeof iss === 'string' && withoutSlash(name) === withoutSlash(iss))
  const slash = `the two differ by the slash at the end alone: write \`issuer\` exactly as the token does, ${show(iss)}`
  const other = 'trust this issuer in the options if it is yours, or get the token from an issuer that is trusted'
  return { expected: list(trusted), got: show(iss), action: near === undefined ? other : slash }
}

function withoutSlash(url: string): string {
  return url.endsWith('/') ? url.slice(0, -1) : url
}

function diagnoseType({ error, claims, header, record }: Words): Diagnosis {
  const types = [...(record?.tokenTypes ?? [])].map((type) => type || '(none)')
  const looksLikeIdToken = ['nonce', 'at_hash', 'c_hash'].some((name) => claims[name] !== undefined)
  return {
    expected: error.claim === undefined ? `\`typ\` ${list(types)}` : 'an access token',
    got: error.claim === undefined ? `\`typ\` ${show(header?.typ)}` : error.message,
    action: looksLikeIdToken
      ? 'this is an ID token: it tells the client who logged in; send the access token to the API'
      : 'send an access token; if those of this issuer look like this, name its `profile` in the options',
  }
}

function diagnoseKey({ error, context, header, record }: Words): Diagnosis {
  const { kids = [], fetchedAt } = record?.keys.describe() ?? {}
  const since = fetchedAt === undefined ? '' : `, fetched ${Math.round(context.now - fetchedAt)} s ago`
  if (error.code === 'keys_unavailable') {
    const { cause } = error
    return {
      expected: 'the key set of the issuer',
      got: printable(cause instanceof Error ? cause.message : error.message),
      action: 'look whether the issuer can be reached from this host; the token itself was not judged',
    }
  }
  return {
    expected: `a key of the set in force (${list(kids)}${since})`,
    got: `\`kid\` ${show(header?.kid)}, \`alg\` ${show(header?.alg)}`,
    action: 'the key was removed, is not published yet, or belongs to another issuer: get a new token from the issuer',
  }
}

function diagnoseTime({ error, context, claims, record }: Words): Diagnosis {
  const name = error.claim ?? 'exp'
  const value = claims[name]
  if (typeof value !== 'number') {
    return {
      expected: `\`${name}\` in seconds`,
      got: show(value),
      action: 'let the issuer set it as a JSON number of seconds',
    }
  }
  if (error.code === 'claim_invalid') {
    return {
      expected: 'a date that makes sense beside the other dates and the options',
      got: `${error.message} (${date(value)})`,
      action: 'let the issuer set it right, or correct the limits of the options if they are too narrow',
    }
  }
  const seconds = Math.round(Math.abs(context.now - value))
  const tolerance = `with a tolerance of ${record?.rules.clockToleranceSeconds ?? 0} s`
  const past = value <= context.now
  return {
    expected: `\`${name}\` that holds at ${date(context.now)}, ${tolerance}`,
    got: `${date(value)}, ${seconds} s ${past ? 'ago' : 'ahead'}`,
    action: past
      ? 'get a new token from the issuer; if this one is new, one of the two clocks is off'
      : `the clock of this host or of the issuer is off by ${seconds} s or more: set it right`,
  }
}
