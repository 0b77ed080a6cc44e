// RFC 9493, and the complex subjects of the Shared Signals Framework: the names in a subject identifier by which tokens can be
// told. An address, a telephone number or an account names somebody too, but no claim of a token: those are left to the
// application.
import { isName, isObject } from './token-claims.js'

/** A name, and whose it is. */
export interface Name {
  readonly value: string
  /** Absent where the transmitter does not say: then it is a name among those of the issuers that it speaks for. */
  readonly issuer?: string
}

/** The names in one subject identifier. */
export interface SubjectNames {
  /** `sub` of tokens. */
  readonly subjects: readonly Name[]
  /** `sid` of tokens. */
  readonly sessions: readonly Name[]
  /** `jti` of tokens. */
  readonly tokens: readonly Name[]
  /** Names that both sides understand: of a subject or of a session, by the kind of the event. */
  readonly opaque: readonly Name[]
  /** Members of a complex subject, beside user and session: a device, a tenant. They only narrow down whose it is. */
  readonly otherMembers: readonly string[]
}

const nothing: SubjectNames = { subjects: [], sessions: [], tokens: [], opaque: [], otherMembers: [] }

/** Members of a complex subject that are names of tokens; the others are not understood. */
const understood = new Set(['format', 'subject_type', 'user', 'session'])

/** What is no subject identifier, or of a format that is not understood, names nobody. */
export function namesIn(subject: unknown): SubjectNames {
  if (!isObject(subject)) return nothing
  const format = formatOf(subject)
  if (format !== 'complex' && format !== '') return simpleNames(subject)
  const user = simpleNames(subject['user'])
  const session = simpleNames(subject['session'])
  return {
    subjects: [...user.subjects, ...user.opaque],
    sessions: [...session.opaque, ...session.subjects],
    tokens: session.tokens,
    opaque: [],
    otherMembers: Object.keys(subject).filter((name) => !understood.has(name)),
  }
}

/** Drafts of the framework said `subject_type`, with hyphens, for what RFC 9493 calls `format`. */
function formatOf(subject: Readonly<Record<string, unknown>>): string {
  const format = subject['format'] ?? subject['subject_type']
  return typeof format === 'string' ? format.replaceAll('-', '_') : ''
}

function simpleNames(subject: unknown): SubjectNames {
  if (!isObject(subject)) return nothing
  const { iss, sub, id, jti, identifiers } = subject
  switch (formatOf(subject)) {
    case 'iss_sub': // RFC 9493 §3.2.3
      return isName(iss) && isName(sub) ? { ...nothing, subjects: [{ value: sub, issuer: iss }] } : nothing
    case 'opaque': // §3.2.4
      return isName(id) ? { ...nothing, opaque: [{ value: id }] } : nothing
    case 'jwt_id': // Shared Signals Framework
      return isName(iss) && isName(jti) ? { ...nothing, tokens: [{ value: jti, issuer: iss }] } : nothing
    case 'aliases': // §3.2.8: all of them name the same; none is an alias itself
      return Array.isArray(identifiers) && identifiers.length <= greatestAliases ? merged(identifiers) : nothing
    default:
      return nothing
  }
}

/** Each may be a write to every region. */
const greatestAliases = 16

function merged(identifiers: readonly unknown[]): SubjectNames {
  const all = identifiers.filter((each) => isObject(each) && formatOf(each) !== 'aliases').map(simpleNames)
  return {
    subjects: all.flatMap(({ subjects }) => subjects),
    sessions: [],
    tokens: all.flatMap(({ tokens }) => tokens),
    opaque: all.flatMap(({ opaque }) => opaque),
    otherMembers: [],
  }
}
