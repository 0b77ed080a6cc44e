// The issuers of a verifier: one that is said at the top of the options, or several, each with a record of its own.
import { monotonicClock, pause, systemClock } from './clock.js'
import { ConfigurationError } from './errors.js'
import type { IntrospectionSettings } from './introspection-options.js'
import type { IssuerContext } from './issuer-keys.js'
import {
  createIssuerRecords,
  type IssuerRecord,
  issuerOptionNames,
  type TrustedIssuerOptions,
} from './issuer-record.js'
import type { KeySetDocuments } from './state/key-set-documents.js'
import type { VerifierOptions } from './verifier-options.js'

/** What their key sets share. @throws ConfigurationError */
export function issuerContextOf(
  { clock = systemClock, fetch = globalThis.fetch }: VerifierOptions,
  keySets: () => KeySetDocuments,
): IssuerContext {
  if (typeof clock !== 'function') throw new ConfigurationError('`clock` must be a function that answers seconds')
  if (typeof fetch !== 'function')
    throw new ConfigurationError('`fetch` must be a function such as the `fetch` of Node')
  return { clock, stopwatch: monotonicClock, pause, fetch, keySets }
}

/** The records, by issuer. @throws ConfigurationError */
export function trustedIssuers(
  options: VerifierOptions,
  context: IssuerContext,
  hasPublicUrl: boolean,
): ReadonlyMap<string, IssuerRecord> {
  const issuers = new Map<string, IssuerRecord>()
  for (const record of issuerOptions(options).flatMap((each) => createIssuerRecords(each, context, hasPublicUrl))) {
    if (issuers.has(record.issuer)) throw new ConfigurationError(`${record.issuer}: two records with one \`issuer\``)
    issuers.set(record.issuer, record)
  }
  return issuers
}

function issuerOptions(options: VerifierOptions): readonly TrustedIssuerOptions[] {
  const own = issuerOptionNames.filter((name) => options[name] !== undefined)
  if (!('issuers' in options) || options.issuers === undefined) {
    if (own.length === 0 && admitsWorkloads(options)) return [] // all who come are workloads
    return [Object.fromEntries(own.map((name) => [name, options[name]])) as unknown as TrustedIssuerOptions]
  }
  if (own.length > 0) throw new ConfigurationError(`\`${own[0]}\` belongs into one of \`issuers\`, not beside them`)
  if (!Array.isArray(options.issuers) || options.issuers.length === 0) {
    throw new ConfigurationError('`issuers` must be an array of at least one issuer')
  }
  return options.issuers
}

/** Whether workloads are let in by what is theirs. */
function admitsWorkloads({ spiffe }: VerifierOptions): boolean {
  return spiffe?.withoutToken === true || spiffe?.audience !== undefined
}

/** The one issuer that is asked about opaque tokens, and how. */
export interface IntrospectedIssuer {
  readonly issuer: IssuerRecord
  readonly settings: IntrospectionSettings
}

/**
 * Nothing in an opaque token says whose it is, and one that is not ours to show is shown to nobody.
 *
 * @throws ConfigurationError where two issuers could be asked
 */
export function introspectedIssuer(issuers: ReadonlyMap<string, IssuerRecord>): IntrospectedIssuer | undefined {
  const [first, second] = [...issuers.values()].filter(({ introspection }) => introspection !== undefined)
  if (second !== undefined)
    throw new ConfigurationError(`${second.issuer}: one issuer of a verifier may have \`introspection\``)
  return first?.introspection && { issuer: first, settings: first.introspection }
}
