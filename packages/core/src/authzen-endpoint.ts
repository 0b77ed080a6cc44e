// Where a policy decision point answers: at the usual place, or where its metadata says (AuthZEN Authorization API 1.0 §9).
import { DocumentError, type FetchContext, fetchDocument } from './keys/fetch-document.js'
import { isFetchable } from './keys/issuer-metadata.js'
import type { HttpServiceSettings } from './policy-service-options.js'

/** §10.1: `<url>/access/v1/evaluation`. */
export function usualEndpoint({ url }: HttpServiceSettings): URL {
  return new URL(`${url.origin}${pathOf(url)}/access/v1/evaluation`)
}

/**
 * `access_evaluation_endpoint` of the metadata, which must be that of the very decision point that the options name (§9.2.3).
 *
 * @throws DocumentError
 */
export async function discoverEvaluation({ name, url }: HttpServiceSettings, how: FetchContext): Promise<URL> {
  const place = new URL(`${url.origin}/.well-known/authzen-configuration${pathOf(url)}`) // §9.2.1: before the path
  const { document } = await fetchDocument(place, how)
  if (document?.['policy_decision_point'] !== name)
    throw new DocumentError(`${place.href}: is not the metadata of the decision point that the options name`)
  const endpoint = document['access_evaluation_endpoint']
  const location = typeof endpoint === 'string' && URL.canParse(endpoint) ? new URL(endpoint) : undefined
  // As with issuers: a remote document must not send us to a port of this host.
  const isGood =
    location !== undefined && isFetchable(location) && (location.protocol === 'https:' || url.protocol === 'http:')
  if (isGood) return location
  throw new DocumentError(`${place.href}: its \`access_evaluation_endpoint\` is missing, or no https URL`)
}

function pathOf({ pathname }: URL): string {
  return pathname.replace(/\/$/, '')
}
