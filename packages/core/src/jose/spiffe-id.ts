// SPIFFE IDs (SPIFFE-ID §2): the name of a workload, and of the trust domain that vouches for it. One spelling each, so that
// IDs are compared as text. Whether a trust domain is trusted is for whoever has its bundle.

/** A SPIFFE ID, taken apart. */
export interface SpiffeId {
  readonly trustDomain: string
  /** Begins with a slash; empty where the ID is that of the trust domain itself. */
  readonly path: string
}

const greatestBytes = 2_048 // §2.3

/** Takes a SPIFFE ID apart; `undefined` where the text is none, to the letter. */
export function parseSpiffeId(text: string): SpiffeId | undefined {
  if (text.length > greatestBytes) return undefined
  const parts = /^spiffe:\/\/([a-z0-9._-]{1,255})((?:\/[A-Za-z0-9._-]+)*)$/.exec(text) // §2.1, §2.2
  if (parts === null) return undefined
  const [, trustDomain = '', path = ''] = parts
  return /\/\.\.?(?:\/|$)/.test(path) ? undefined : { trustDomain, path } // §2.2: no segment that walks
}
