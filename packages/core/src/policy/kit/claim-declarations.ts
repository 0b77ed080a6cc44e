// The claims that an application says its tokens carry, each with its type. Nesting is the path of a claim.
import type { ClaimPath } from '../../claims/claim-path.js'
import { ConfigurationError } from '../../errors.js'
import { didYouMean } from '../../option-checks.js'
import { requireClaimPath, show } from '../comparison.js'

/** What a claim is. `strings` is an array; `spaceList` is one string whose words are the list, as in `scope`. */
export type ClaimType = 'string' | 'number' | 'boolean' | 'strings' | 'spaceList'

/** Claims by name, each with its type or with the claims inside it: `{ realm_access: { roles: 'strings' } }`. */
export interface ClaimDeclarations {
  readonly [name: string]: ClaimType | ClaimDeclarations
}

/** The claims that standards define, and that are therefore known everywhere (RFC 7519, 7800, 8693, 9068, OpenID Connect). */
export const registeredClaims = {
  iss: 'string',
  sub: 'string',
  aud: 'strings',
  exp: 'number',
  nbf: 'number',
  iat: 'number',
  jti: 'string',
  client_id: 'string',
  azp: 'string',
  scope: 'spaceList',
  acr: 'string',
  amr: 'strings',
  auth_time: 'number',
  sid: 'string',
  cnf: { jkt: 'string', 'x5t#S256': 'string' },
  act: {
    iss: 'string',
    sub: 'string',
    client_id: 'string',
    act: { iss: 'string', sub: 'string', client_id: 'string' },
  },
} as const

registeredClaims satisfies ClaimDeclarations

const types: readonly string[] = ['string', 'number', 'boolean', 'strings', 'spaceList'] satisfies readonly ClaimType[]
const greatestSize = 1_024

/**
 * Judges the declarations of an application.
 *
 * @throws ConfigurationError
 */
export function parseClaimDeclarations(value: unknown): ClaimDeclarations {
  let size = 0
  const parse = (inside: unknown, path: readonly string[]): ClaimDeclarations => {
    const what = ['claims', ...path].join('.')
    if (typeof inside !== 'object' || inside === null || Array.isArray(inside)) {
      throw new ConfigurationError(`\`${what}\` must be one of the types ${types.join(', ')}, or claims by name`)
    }
    const entries = Object.entries(inside)
    size += entries.length
    if (size > greatestSize) throw new ConfigurationError(`\`claims\` declares at most ${greatestSize} claims`)
    if (entries.length === 0 && path.length > 0) throw new ConfigurationError(`\`${what}\` declares no claim at all`)
    return Object.freeze(
      Object.fromEntries(
        entries.map(([name, type]) => {
          const here = requireClaimPath([...path, name])
          return [name, typeof type === 'string' ? requireType(type, here) : parse(type, here)]
        }),
      ),
    )
  }
  return parse(value, [])
}

function requireType(type: string, path: ClaimPath): ClaimType {
  if (types.includes(type)) return type as ClaimType
  throw new ConfigurationError(
    `\`claims.${path.join('.')}\` must be one of the types ${types.join(', ')}, not ${show(type)}${didYouMean(type, types)}`,
  )
}

type Declared = ClaimType | ClaimDeclarations

/** What is declared at a path, if anything is. */
export function findDeclared(claims: ClaimDeclarations, [name, ...deeper]: ClaimPath): Declared | undefined {
  let found = ownMember(claims, name) ?? ownMember(registeredClaims, name)
  for (const inside of deeper) found = typeof found === 'object' ? ownMember(found, inside) : undefined
  return found
}

function ownMember(claims: ClaimDeclarations, name: string): Declared | undefined {
  return Object.hasOwn(claims, name) ? claims[name] : undefined
}

/**
 * What is declared at a path.
 *
 * @throws ConfigurationError where nothing is, with the nearest name
 */
export function requireDeclared(claims: ClaimDeclarations, path: ClaimPath): Declared {
  const declared = findDeclared(claims, path)
  if (declared !== undefined) return declared
  let inside: Declared = { ...registeredClaims, ...claims }
  const parents: string[] = []
  for (const name of path) {
    if (typeof inside === 'string') {
      throw new ConfigurationError(`${showPath(parents)} is declared '${inside}': there is no ${show(name)} in it`)
    }
    const found = ownMember(inside, name)
    if (found === undefined) {
      const where = parents.length === 0 ? '' : ` in ${showPath(parents)}`
      const hint = didYouMean(name, Object.keys(inside)) || elsewhere(claims, name)
      throw new ConfigurationError(`no claim ${show(name)} is declared${where}${hint}`)
    }
    inside = found
    parents.push(name)
  }
  return inside
}

/** A name that is declared elsewhere: `roles` in `realm_access`. */
function elsewhere(claims: ClaimDeclarations, name: string): string {
  const path = findName(claims, name)
  return path === undefined ? '' : `; did you mean ${showPath(path)}?`
}

function findName(claims: ClaimDeclarations, name: string): readonly string[] | undefined {
  for (const [key, inside] of Object.entries(claims)) {
    if (key === name) return [key]
    const deeper = typeof inside === 'string' ? undefined : findName(inside, name)
    if (deeper !== undefined) return [key, ...deeper]
  }
  return undefined
}

/** A path as it is written in a policy. */
export function showPath(path: readonly string[]): string {
  return `claim('${path.join("', '")}')`
}
