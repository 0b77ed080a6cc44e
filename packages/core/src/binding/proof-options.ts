// The options of proofs (RFC 9449), judged.
import { ConfigurationError } from '../errors.js'
import { type AsymmetricAlgorithm, asymmetricAlgorithms, supportedAlgorithms } from '../jose/algorithms.js'
import { TimeStamps } from '../jose/time-stamp.js'
import { requireKnownOptions, requireSeconds, requireStrings } from '../option-checks.js'
import type { ProofRules } from './dpop-proof.js'
import { ProofNonces } from './proof-nonces.js'

/** What is asked of the proofs of holders (RFC 9449). */
export interface DpopProofOptions {
  /** How proofs may be signed; told in challenges. @defaultValue every asymmetric algorithm that this Node verifies */
  readonly algorithms?: readonly AsymmetricAlgorithm[]
  /** How old a proof may be, 1 to 600 seconds (RFC 9449 §11.1). @defaultValue 60 */
  readonly maxAgeSeconds?: number
  /** How far the clock of a client may be off, 0 to 300 seconds. @defaultValue 30 */
  readonly clockToleranceSeconds?: number
  /**
   * Hands out nonces and asks every proof for one (RFC 9449 §9): then the clocks of clients do not matter, and nobody can make
   * proofs ahead. @defaultValue off
   */
  readonly nonces?: ProofNonceOptions
}

/** How nonces are made. */
export interface ProofNonceOptions {
  /** 32 bytes or more that the fleet shares; or several, the one to make them with first. Text is taken as UTF-8. */
  readonly secret: string | Uint8Array | readonly (string | Uint8Array)[]
  /** How long a nonce is good, 10 to 3600 seconds. @defaultValue 300 */
  readonly lifetimeSeconds?: number
}

const optionNames = ['algorithms', 'maxAgeSeconds', 'clockToleranceSeconds', 'nonces'] as const
const leastSecretBytes = 32

/**
 * Judges the options of proofs.
 *
 * @throws ConfigurationError
 */
export function judgeProofs(options: DpopProofOptions = {}): ProofRules {
  requireObject(options, '`dpopProofs`')
  requireKnownOptions(options, optionNames, '`dpopProofs`')
  const clockToleranceSeconds = requireSeconds(
    options.clockToleranceSeconds ?? 30,
    '`dpopProofs.clockToleranceSeconds`',
    0,
    300,
  )
  return {
    algorithms: new Set(proofAlgorithms(options.algorithms)),
    maxAgeSeconds: requireSeconds(options.maxAgeSeconds ?? 60, '`dpopProofs.maxAgeSeconds`', 1, 600),
    clockToleranceSeconds,
    nonces: options.nonces === undefined ? undefined : judgeNonces(options.nonces, clockToleranceSeconds),
  }
}

function proofAlgorithms(algorithms: readonly string[] | undefined): readonly string[] {
  const supported: readonly string[] = supportedAlgorithms()
  if (algorithms === undefined) return supported
  for (const name of requireStrings(algorithms, '`dpopProofs.algorithms`')) {
    if (supported.includes(name)) continue
    const why = asymmetricAlgorithms.has(name) ? 'this Node does not verify' : 'is not asymmetric, or does not exist'
    throw new ConfigurationError(`\`dpopProofs.algorithms\` lists ${JSON.stringify(name)}, which ${why}`)
  }
  return algorithms
}

function judgeNonces(options: ProofNonceOptions, toleranceSeconds: number): ProofNonces {
  requireObject(options, '`dpopProofs.nonces`')
  requireKnownOptions(options, ['secret', 'lifetimeSeconds'], '`dpopProofs.nonces`')
  const { secret, lifetimeSeconds = 300 } = options
  const secrets: readonly unknown[] = Array.isArray(secret) ? secret : [secret]
  if (secrets.length === 0 || !secrets.every(isLongSecret))
    throw new ConfigurationError(
      `\`dpopProofs.nonces.secret\` must be ${leastSecretBytes} bytes or more, the same for the whole fleet; or several`,
    )
  const stamps = new TimeStamps(secrets, 'sallyport nonces of proofs')
  const what = '`dpopProofs.nonces.lifetimeSeconds`'
  return new ProofNonces(stamps, requireSeconds(lifetimeSeconds, what, 10, 3_600), toleranceSeconds)
}

function isLongSecret(secret: unknown): secret is string | Uint8Array {
  if (typeof secret === 'string') return Buffer.byteLength(secret) >= leastSecretBytes
  return secret instanceof Uint8Array && secret.length >= leastSecretBytes
}

function requireObject(value: unknown, what: string): void {
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw new ConfigurationError(`${what} must be an object`)
}
