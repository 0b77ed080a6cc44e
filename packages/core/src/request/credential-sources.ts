// Where a developer lets a token come from, judged once. How it is found there is in `extract-credential.ts`.
import { ConfigurationError } from '../errors.js'
import type { CredentialSource } from './extract-credential.js'

/** @throws ConfigurationError for what is no place of a token */
export function requireSources(sources: CredentialSource | readonly CredentialSource[]): readonly CredentialSource[] {
  const all = Array.isArray(sources) ? (sources as readonly CredentialSource[]) : [sources as CredentialSource]
  if (all.length > 0 && all.every(isSource)) return Object.freeze([...all])
  throw new ConfigurationError(
    "`credentials` must be 'authorization', { cookie }, { header }, { webSocketProtocol }, { dangerouslyAllowQuery } or a function",
  )
}

const sourceNames = ['cookie', 'header', 'webSocketProtocol', 'dangerouslyAllowQuery']

function isSource(source: unknown): boolean {
  if (source === 'authorization' || typeof source === 'function') return true
  if (typeof source !== 'object' || source === null) return false
  const [[name, value] = [], ...more] = Object.entries(source)
  return more.length === 0 && sourceNames.includes(String(name)) && typeof value === 'string' && value !== ''
}

/** RFC 9728 §2, of RFC 6750 §2: what stands elsewhere has no name there. */
export function bearerMethodsOf(sources: readonly CredentialSource[]): readonly string[] {
  const isInQuery = (source: CredentialSource) => typeof source === 'object' && 'dangerouslyAllowQuery' in source
  return [...(sources.includes('authorization') ? ['header'] : []), ...(sources.some(isInQuery) ? ['query'] : [])]
}
