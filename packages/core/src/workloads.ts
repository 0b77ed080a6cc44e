// Which workload is at the other end of a connection (SPIFFE X509-SVID §5): the certificate that was shown names it, and the bundle of
// its trust domain vouches for the certificate. That whoever showed it has its key was for TLS, at us or at a trusted proxy.
import { LRUCache } from 'lru-cache'
import { type CertificatePlace, shownCertificate } from './binding/client-certificate.js'
import type { Clock } from './clock.js'
import type { AccessToken } from './decision.js'
import { VerificationError } from './errors.js'
import { certificateThumbprint } from './jose/certificate.js'
import { chainsTo } from './jose/certificate-path.js'
import { parseSpiffeId } from './jose/spiffe-id.js'
import type { JsonObject } from './jose/strict-json.js'
import { namesWorkload, readSvid, SvidError } from './jose/x509-svid.js'
import type { TrustBundle } from './keys/trust-bundle.js'
import type { WorkloadFacts } from './policy/facts.js'
import type { VerifiableRequest } from './request/verifiable-request.js'
import type { SpiffeSettings, TrustDomain } from './trust-domains.js'

/** A workload that has shown who it is. */
export interface Workload extends WorkloadFacts {
  readonly trustDomain: string
}

/** A certificate that was vouched for. */
interface VouchedCertificate {
  readonly workload: Workload
  /** What came with it. A connection that TLS resumes shows the certificate alone. */
  readonly intermediates: readonly Uint8Array[]
  /** By what: an authority that is gone from the bundle vouches for nobody. */
  readonly bundle: TrustBundle
  /** Seconds since the epoch. */
  readonly judgedAt: number
}

/** Seconds for which the path to an authority is not walked again. */
const judgedSeconds = 60
/** Seconds for which the word of a proxy is taken, where there is no certificate with a date. */
const proxySeconds = 300
const greatestRemembered = 4_096
const greatestUnjudged = 256

export class Workloads {
  readonly #settings: SpiffeSettings
  readonly #place: CertificatePlace
  readonly #clock: Clock
  readonly #vouched = new LRUCache<string, VouchedCertificate>({ max: greatestRemembered })
  /** What came with certificates that could not be judged for want of a bundle. Over HTTP/2 Node shows it once for all streams. */
  readonly #unjudged = new LRUCache<string, readonly Uint8Array[]>({ max: greatestUnjudged })

  constructor(settings: SpiffeSettings, place: CertificatePlace, clock: Clock) {
    this.#settings = settings
    this.#place = place
    this.#clock = clock
  }

  /**
   * Who is at the other end; `undefined` where nothing there is named by a SPIFFE ID.
   *
   * @param isAlone - no token came with it: it is the certificate that must let it pass
   * @throws VerificationError `certificate_rejected`, `keys_unavailable`; thrown or as a rejection
   */
  identify(request: VerifiableRequest, isAlone: boolean): Workload | undefined | Promise<Workload | undefined> {
    if (isAlone && !this.#settings.withoutToken) return undefined
    const shown = inWords(() => shownCertificate(request, this.#place))
    if (shown === undefined) return undefined
    const { leaf, behind, uris } = shown
    if (leaf === undefined) return this.#takeWord(uris, isAlone)
    const print = certificateThumbprint(leaf)
    const known = this.#vouched.get(print)
    if (known === undefined && !namesWorkload(leaf)) return undefined
    const workload = known?.workload ?? readWorkload(leaf)
    const domain = this.#domainOf(workload.trustDomain, isAlone)
    if (domain === undefined) return undefined
    if (uris.some((uri) => uri !== workload.spiffeId) || uris.length > 1)
      throw rejected('a proxy names another workload than the certificate')
    if (domain.bundle === undefined) return this.#takeWord(uris, isAlone)
    const candidate = { leaf, behind, print, workload, known }
    const bundle = domain.bundle.current()
    return bundle instanceof Promise
      ? bundle.then(
          (came) => this.#judge(candidate, came),
          (error: unknown) => this.#postpone(candidate, error),
        )
      : this.#judge(candidate, bundle)
  }

  /** What a workload without a token is known by: facts as of a token, of which its trust domain is the issuer. */
  tokenOf({ spiffeId, trustDomain, expiresAt }: Workload): AccessToken<JsonObject> {
    const claims = Object.freeze({ iss: `spiffe://${trustDomain}`, sub: spiffeId, exp: expiresAt })
    return {
      claims,
      issuedClaims: claims,
      issuer: claims.iss,
      keyId: undefined,
      subject: spiffeId,
      clientId: undefined,
      scopes: none,
      scopesAreKnown: true,
      roles: none,
      rolesAreKnown: true,
      expiresAt,
      confirmation: undefined,
    }
  }

  #judge({ leaf, behind, print, workload, known }: Candidate, bundle: TrustBundle): Workload {
    const now = this.#clock()
    // INVARIANT: a good certificate makes each comparison true, so a clock that answers NaN lets nobody pass.
    const isJudged = known?.bundle === bundle && now >= known.judgedAt && now < known.judgedAt + judgedSeconds
    if (isJudged && now <= workload.expiresAt) return workload
    const came = inWords(behind)
    const intermediates = came.length > 0 ? came : (known?.intermediates ?? this.#unjudged.get(print) ?? none)
    if (!chainsTo(leaf, intermediates, bundle.authorities, now)) {
      if (!(now <= workload.expiresAt)) throw rejected('it has expired')
      throw rejected('its trust domain does not vouch for it, or not yet')
    }
    this.#vouched.set(print, { workload, intermediates, bundle, judgedAt: now })
    return workload
  }

  /** An outage of whoever has the bundle is no fault of the caller. */
  #postpone({ behind, print }: Candidate, error: unknown): never {
    if (!(error instanceof VerificationError)) throw error
    const came = inWords(behind)
    if (came.length > 0) this.#unjudged.set(print, came)
    const { code, message, retryAfterSeconds = 1, cause } = error
    throw new VerificationError(code, message, { isOfConnection: true, retryAfterSeconds, cause })
  }

  /** Envoy's word on who it was: it has verified the certificate, and passes on what was in it (`URI`). */
  #takeWord(uris: readonly string[], isAlone: boolean): Workload | undefined {
    if (!uris.some((uri) => /^spiffe:/i.test(uri))) return undefined
    const [spiffeId = '', ...more] = uris
    const id = parseSpiffeId(spiffeId)
    if (id === undefined || id.path === '' || more.length > 0)
      throw rejected('its one URI is not the SPIFFE ID of a workload')
    const domain = this.#domainOf(id.trustDomain, isAlone)
    return domain && workloadOf({ spiffeId, ...id }, this.#clock() + proxySeconds)
  }

  /** Beside a token, a certificate of some other world says nothing; alone, it is the credential. */
  #domainOf(trustDomain: string, isAlone: boolean): TrustDomain | undefined {
    const domain = this.#settings.trustDomains.get(trustDomain)
    if (domain === undefined && isAlone) throw rejected('its trust domain is none of `spiffe.trustDomains`')
    return domain
  }
}

/** A certificate that names a workload. */
interface Candidate {
  readonly leaf: Uint8Array
  /** What came along with it. */
  readonly behind: () => readonly Uint8Array[]
  readonly print: string
  readonly workload: Workload
  /** What came of it before. */
  readonly known: VouchedCertificate | undefined
}

const none: readonly never[] = Object.freeze([])

function workloadOf({ spiffeId, trustDomain }: Pick<Workload, 'spiffeId' | 'trustDomain'>, until: number): Workload {
  return Object.freeze({ spiffeId, trustDomain, expiresAt: until })
}

/** Whom a certificate names; nobody has vouched for it yet. */
function readWorkload(leaf: Uint8Array): Workload {
  try {
    const unverified = readSvid(leaf)
    return workloadOf(unverified, unverified.notAfter)
  } catch (error) {
    if (error instanceof SvidError) throw rejected(error.message, error)
    throw error
  }
}

/** What cannot be read is refused in the words of this check. */
function inWords<Read>(read: () => Read): Read {
  try {
    return read()
  } catch (error) {
    if (error instanceof VerificationError) throw rejected(error.message, error)
    throw error
  }
}

function rejected(reason: string, cause?: unknown): VerificationError {
  const message = `the certificate of the connection is refused: ${reason}`
  return new VerificationError('certificate_rejected', message, { isOfConnection: true, cause })
}
