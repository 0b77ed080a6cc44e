// Who may send security events, with which keys, and about whose subjects. To be a transmitter is not to be an issuer: no access
// token of one is accepted for it.
import { ConfigurationError } from './errors.js'
import { createIssuerRecords, type IssuerRecord, type TrustedIssuerOptions } from './issuer-record.js'
import { requireKnownOptions, requireStrings } from './option-checks.js'
import type { VerifierConfiguration } from './options.js'
import { sendersOf } from './token-senders.js'
import { Verifier } from './verifier.js'

/** One transmitter of security events. */
export interface TransmitterOptions
  extends Pick<
    TrustedIssuerOptions,
    'jwksUri' | 'jwks' | 'discoveryUrl' | 'algorithms' | 'keyLifetimes' | 'clockToleranceSeconds'
  > {
  /** `iss` of its tokens, to the letter. */
  readonly issuer: string
  /** The issuers of the verifier whose subjects it may speak about. @defaultValue its own, where it is one of them */
  readonly subjectsOf?: string | readonly string[]
}

/** {@link TransmitterOptions}, judged. */
export interface Transmitter extends IssuerRecord {
  readonly subjectsOf: ReadonlySet<string>
}

const keyOptions = ['jwksUri', 'jwks', 'discoveryUrl'] as const
const optionNames: readonly (keyof TransmitterOptions)[] = [
  'issuer',
  'subjectsOf',
  ...keyOptions,
  'algorithms',
  'keyLifetimes',
  'clockToleranceSeconds',
]

/**
 * Judges who may send. A transmitter that is an issuer of the verifier and brings no keys has those of the issuer.
 *
 * @throws ConfigurationError
 */
export function createTransmitters(
  verifier: Verifier<unknown>,
  options: readonly TransmitterOptions[] | undefined,
  isUntypedAllowed: boolean,
): ReadonlyMap<string, Transmitter> {
  const configuration = Verifier.configurationOf(verifier)
  const all = options ?? [...configuration.issuers.keys()].map((issuer) => ({ issuer }))
  if (!Array.isArray(all) || all.length === 0)
    throw new ConfigurationError('`transmitters` must be an array of at least one transmitter')
  const transmitters = new Map<string, Transmitter>()
  for (const each of all as readonly TransmitterOptions[]) {
    const record = transmitterRecord(each, configuration)
    if (transmitters.has(record.issuer))
      throw new ConfigurationError(`${record.issuer}: two transmitters with one name`)
    if (configuration.issuers.get(record.issuer)?.keys !== record.keys) Verifier.closeWith(verifier, record.keys)
    const subjectsOf = subjectIssuers(each, configuration)
    for (const sender of sendersOf([record], 'secevent+jwt', isUntypedAllowed).values())
      transmitters.set(record.issuer, { ...sender, subjectsOf })
  }
  return transmitters
}

function transmitterRecord(options: TransmitterOptions, configuration: VerifierConfiguration): IssuerRecord {
  if (typeof options !== 'object' || options === null)
    throw new ConfigurationError('each of `transmitters` must be an object')
  requireKnownOptions(options, optionNames, 'a transmitter')
  const { subjectsOf: _, ...own } = options
  const known = configuration.issuers.get(options.issuer)
  if (known !== undefined && Object.keys(own).length === 1) return known
  // An issuer's record asks for an audience; a transmitter has none but that of the receiver.
  const [record] = createIssuerRecords({ ...own, audience: options.issuer }, configuration.issuerContext)
  if (record === undefined) throw new ConfigurationError('a transmitter has one `issuer`')
  return record
}

function subjectIssuers(
  { issuer, subjectsOf }: TransmitterOptions,
  { issuers }: VerifierConfiguration,
): ReadonlySet<string> {
  const names = subjectsOf === undefined ? [issuer] : requireStrings(subjectsOf, `${issuer}: \`subjectsOf\``)
  for (const name of names) {
    if (issuers.has(name)) continue
    throw new ConfigurationError(
      subjectsOf === undefined
        ? `${issuer}: it is no issuer of the verifier, so \`subjectsOf\` must say about whose subjects it may speak`
        : `${issuer}: \`subjectsOf\` names an issuer that the verifier does not trust`,
    )
  }
  return new Set(names)
}
