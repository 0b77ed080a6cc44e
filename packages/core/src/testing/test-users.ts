// Users without an issuer, for tests of a whole application: tokens by a key that this process has made, and the options of
// the application, trusting that key in place of its issuers'.

import { tokenProfiles } from '../claims/token-profile.js'
import { type Clock, systemClock } from '../clock.js'
import type { TrustedIssuerOptions } from '../issuer-record.js'
import { issuerOptionNames } from '../issuer-record.js'
import type { VerifierOptions } from '../verifier-options.js'
import { createTestKey, type TestKey } from './test-keys.js'
import { issueToken, type TestClaims, type TestTokenOptions } from './test-token.js'

/** Options of {@link createTestUsers}. */
export interface TestUsersOptions {
  /** Seconds since the epoch, for `iat` and `exp`. @defaultValue the clock of the machine */
  readonly clock?: Clock
}

/** Made by {@link createTestUsers}. */
export class TestUsers {
  /** `iss` of their tokens, unless a claim says otherwise. */
  readonly issuer: string = 'urn:sallyport:test-users'
  readonly audience: string = 'urn:sallyport:test-audience'
  readonly #key: TestKey
  readonly #clock: Clock
  #serial = 0

  /** @internal use {@link createTestUsers} */
  constructor(key: TestKey, clock: Clock) {
    this.#key = key
    this.#clock = clock
  }

  /** The header of a request by this user: `request(app).get('/').set(await users.asUser({ sub: 'ann' }))`. */
  async asUser(claims: TestClaims = {}, options: TestTokenOptions = {}): Promise<{ authorization: string }> {
    this.#serial += 1
    const { issuer, audience } = this
    const source = { issuer, audience, now: this.#clock(), serial: this.#serial, key: this.#key }
    return { authorization: `Bearer ${await issueToken(source, claims, options)}` }
  }

  /**
   * The options of an application, with everything that they ask for, and these users in place of those of its issuers: they
   * come from a further issuer, which is asked for the same claims as the first, or from one of the application's own, for
   * whoever gives them its `iss` and `aud`.
   *
   * @param options - as `createVerifier` takes them; `undefined` where the application leaves them to the environment
   */
  trust(options: VerifierOptions | undefined): VerifierOptions {
    const given = { ...options } as Partial<Record<string, unknown>>
    const records = (given['issuers'] ??
      (given['issuer'] === undefined ? [] : [issuerPartOf(given)])) as TrustedIssuerOptions[]
    const rest = Object.fromEntries(
      Object.entries(given).filter(
        ([name]) => name !== 'issuers' && !(issuerOptionNames as readonly string[]).includes(name),
      ),
    )
    const { issuer, audience } = this
    const { tenants: _, ...first } = records[0] ?? {}
    return {
      ...rest,
      issuers: [
        { ...withoutProfile(first), issuer, audience, ...this.#keys },
        ...records.map((record) => ({ ...record, ...this.#keys })),
      ].map(withoutOtherKeys),
    } as VerifierOptions
  }

  get #keys(): Pick<TrustedIssuerOptions, 'jwks' | 'algorithms'> {
    return { jwks: { keys: [this.#key.publicJwk] }, algorithms: [this.#key.algorithm] }
  }
}

function issuerPartOf(options: Partial<Record<string, unknown>>): object {
  return Object.fromEntries(
    Object.entries(options).filter(([name]) => (issuerOptionNames as readonly string[]).includes(name)),
  )
}

/** Claims that mark the tokens of one product are not asked of a user of the tests; where it grants scopes and roles stays. */
function withoutProfile({ profile, ...record }: Partial<TrustedIssuerOptions>): Partial<TrustedIssuerOptions> {
  const { scopes, roles } = tokenProfiles.get(profile ?? 'rfc9068') ?? {}
  return { ...(scopes && { scopeClaims: scopes }), ...(roles && { roleClaims: roles }), ...record }
}

function withoutOtherKeys(record: object): object {
  const { discoveryUrl: _, jwksUri: __, secret: ___, keyLifetimes: ____, ...rest } = record as TrustedIssuerOptions
  return rest
}

/**
 * Makes users that an application lets in once its options went through `trust`. Nothing listens and nothing is to be closed;
 * the key is new in every process.
 */
export async function createTestUsers({ clock = systemClock }: TestUsersOptions = {}): Promise<TestUsers> {
  return new TestUsers(await createTestKey('ES256', 'test-users'), clock)
}
