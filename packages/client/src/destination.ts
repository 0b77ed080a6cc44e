// Where credentials may go: over TLS, or to this very machine, where a sidecar listens (RFC 6750 §5.3, RFC 9700 §2.6).
import { ConfigurationError } from '@sallyport/core'

/** Whether nobody on the way can read what is sent there. */
export function isConfidential({ protocol, hostname }: URL): boolean {
  if (protocol === 'https:') return true
  return (
    protocol === 'http:' && (/^127(\.\d{1,3}){3}$/.test(hostname) || hostname === '[::1]' || hostname === 'localhost')
  )
}

/** Reads a URL of the options that credentials will be sent to. @throws ConfigurationError */
export function requireConfidentialUrl(value: unknown, what: string): URL {
  const url = typeof value === 'string' && URL.canParse(value) ? new URL(value) : undefined
  if (url !== undefined && isConfidential(url) && url.username === '' && url.password === '' && url.hash === '')
    return url
  throw new ConfigurationError(`${what} must be a URL with https, or with http on the loopback host`)
}
