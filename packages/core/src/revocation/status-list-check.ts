// What the status list of its issuer says about a token (draft-ietf-oauth-status-list-20 §7, §8.3): one that is not valid does
// not pass, one that nobody can tell about does not pass either. Asked on every request, mostly out of memory.
import type { AccessToken } from '../decision.js'
import { VerificationError } from '../errors.js'
import type { OutsideCheck } from './outside-check.js'
import type { RemoteStatusLists } from './remote-status-lists.js'
import type { StatusList } from './status-list.js'
import { readStatusReference } from './status-reference.js'

/** The status lists of one issuer. */
export interface IssuerStatusLists {
  readonly lists: RemoteStatusLists
  /** Whether the issuer keeps lists there. */
  isAllowed(url: URL): boolean
  /** Statuses that pass beside 0, `VALID`. */
  readonly acceptedStatuses: ReadonlySet<number>
  /** Ends every fetch under way. */
  close(): void
}

/** Asks the lists of those issuers that have some. */
class StatusListCheck implements OutsideCheck {
  readonly #issuers: ReadonlyMap<string, IssuerStatusLists>

  constructor(issuers: ReadonlyMap<string, IssuerStatusLists>) {
    this.#issuers = issuers
  }

  /** @throws VerificationError `claim_invalid`, `token_revoked`, `state_unavailable`; thrown or as a rejection */
  check(token: AccessToken<unknown>): undefined | Promise<void> {
    const issuer = this.#issuers.get(token.issuer)
    const reference = issuer && readStatusReference(token, issuer.isAllowed)
    if (issuer === undefined || reference === undefined) return undefined
    const { uri, url, index } = reference
    const found = issuer.lists.listAt(uri, url)
    if (found instanceof Promise) return found.then((list) => requireValid(list, index, issuer))
    requireValid(found, index, issuer)
    return undefined
  }

  close(): void {
    for (const issuer of this.#issuers.values()) issuer.close()
  }
}

/** The check of all issuers; none where no issuer has status lists. */
export function statusListChecks(
  issuers: ReadonlyMap<string, { readonly statusLists: IssuerStatusLists | undefined }>,
): readonly OutsideCheck[] {
  const asked = new Map<string, IssuerStatusLists>()
  for (const [issuer, { statusLists }] of issuers) if (statusLists !== undefined) asked.set(issuer, statusLists)
  return asked.size === 0 ? [] : [new StatusListCheck(asked)]
}

const valid = 0

function requireValid(list: StatusList, index: number, { acceptedStatuses }: IssuerStatusLists): void {
  const status = list.statusAt(index)
  if (status === undefined)
    throw new VerificationError('claim_invalid', '`status` is beyond the end of its list', { claim: 'status' })
  if (status === valid || acceptedStatuses.has(status)) return
  throw new VerificationError('token_revoked', 'the status list says that the token is not valid')
}
