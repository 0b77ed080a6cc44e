// The type of a kit: the policy words, each as narrow as the vocabulary of an application makes it.
import type { AskedDetails, authorizationDetails } from '../authorization-details-word.js'
import type { cel } from '../cel/cel.js'
import type { claim, param } from '../comparison.js'
import type { CustomReads, CustomTest, Expression } from '../policy.js'
import type { between, req, spiffe } from '../request-words.js'
import type {
  acrAtLeast,
  actor,
  allOf,
  allow,
  amr,
  anyOf,
  atLeast,
  audience,
  authenticatedWithin,
  boundBy,
  client,
  custom,
  denyAll,
  not,
  policy,
  subject,
  use,
} from '../words.js'
import type { ClaimDeclarations, registeredClaims } from './claim-declarations.js'
import type {
  BooleanValue,
  DeclaredClaim,
  DeclaredPath,
  NumberValue,
  RequestHeader,
  RouteParam,
  StringValue,
} from './kit-claims.js'
import type { PolicyVocabulary } from './vocabulary.js'

type ListItem<List> = List extends readonly (infer Name extends string)[] ? Name : string
type KnownScope<V extends PolicyVocabulary> = V extends { readonly scopes: infer Scopes }
  ? Scopes extends { readonly known: infer Known }
    ? ListItem<Known>
    : ListItem<Scopes>
  : string
type Known<V extends PolicyVocabulary, Part extends 'roles' | 'acrLevels' | 'issuers'> = ListItem<V[Part]>

type Registered = typeof registeredClaims

/** What an application declares, and what the standards do. */
type DeclaredBy<Claims> = {
  readonly [Name in keyof Claims | keyof Registered]: Name extends keyof Claims
    ? Claims[Name]
    : Registered[Name & keyof Registered]
}

/** The claims of a vocabulary, or `undefined` where the compiler does not know them. */
type ClaimsOf<V extends PolicyVocabulary> = V extends { readonly claims: infer Claims extends ClaimDeclarations }
  ? string extends keyof Claims
    ? undefined
    : DeclaredBy<Claims>
  : undefined

/** The policy words, as far as a vocabulary goes. Those that are not described here are the words of the same name. */
export interface PolicyKit<V extends PolicyVocabulary> {
  readonly allOf: typeof allOf
  readonly anyOf: typeof anyOf
  readonly not: typeof not
  readonly atLeast: typeof atLeast
  readonly allow: typeof allow
  readonly denyAll: typeof denyAll
  readonly use: typeof use
  /** As the word `policy`; refuses parts that the vocabulary lacks, whoever made them. */
  readonly policy: typeof policy
  /** The token was granted all of these scopes. With `scopes: { wildcard: ':' }` a granted `orders:*` covers `orders:read`. */
  scope(...scopes: readonly KnownScope<V>[]): Expression
  /** The token was granted one of these scopes, or more. */
  anyScope(...scopes: readonly KnownScope<V>[]): Expression
  /** The token grants one of these roles, or more. */
  role(...roles: readonly Known<V, 'roles'>[]): Expression
  /** The token comes from one of these issuers. */
  issuer(...issuers: readonly Known<V, 'issuers'>[]): Expression
  readonly audience: typeof audience
  readonly subject: typeof subject
  readonly client: typeof client
  readonly authenticatedWithin: typeof authenticatedWithin
  /** The user has authenticated at this level, or at one that stands above it in `acrLevels`. */
  readonly acrAtLeast: V extends { readonly acrLevels: readonly (infer Level extends string)[] }
    ? (level: Level) => Expression
    : typeof acrAtLeast
  readonly amr: typeof amr
  readonly boundBy: typeof boundBy
  readonly spiffe: typeof spiffe
  readonly actor: typeof actor
  /** One object of `authorization_details` (RFC 9396) has this type, and grants all that is asked. */
  readonly authorizationDetails: ClaimsOf<V> extends undefined
    ? typeof authorizationDetails
    : (type: string, asked?: AskedDetails<StringValue, StringValue | NumberValue | BooleanValue>) => Expression
  readonly req: ClaimsOf<V> extends undefined
    ? typeof req
    : Omit<typeof req, 'header'> & {
        /** A header that the request carries exactly once. It is as true as whoever wrote it. */
        header(name: string): RequestHeader
      }
  readonly between: typeof between
  /** A test in code, for what no word says. */
  readonly custom: ClaimsOf<V> extends undefined
    ? typeof custom
    : (name: string, reads: DeclaredReads<ClaimsOf<V>>, test: CustomTest) => Expression
  readonly cel: typeof cel
  /** A claim by its path, from the outside in. A name with dots or slashes is one name. */
  readonly claim: ClaimsOf<V> extends undefined ? typeof claim : DeclaredClaim<ClaimsOf<V>>
  /** A parameter of the matched route, as a string. */
  readonly param: ClaimsOf<V> extends undefined ? typeof param : (name: string) => RouteParam
}

/** What a {@link custom} test of a kit looks at. */
export interface DeclaredReads<Claims> extends Omit<CustomReads, 'claims'> {
  readonly claims?: readonly DeclaredPath<Claims>[]
}
