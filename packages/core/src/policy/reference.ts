// Values of a policy: written in it, or read from the token or the request when one is judged.
import type { ClaimPath } from '../claims/claim-path.js'

/** A value that stands in a policy itself. Numbers are finite. */
export type Scalar = string | number | boolean

/** A claim of the token, read by its path. */
export interface ClaimReference {
  readonly from: 'claim'
  readonly path: ClaimPath
  /** `string`: a number counts as its decimal digits · `spaceList`: a string counts as the list of its words. */
  readonly as?: 'string' | 'spaceList'
  /** Stands for the claim where it is missing; never where it is of the wrong type. */
  readonly orElse?: Scalar
}

/** A parameter of the matched route. */
export interface ParamReference {
  readonly from: 'param'
  readonly name: string
}

/** A header that the request carries exactly once. */
export interface HeaderReference {
  readonly from: 'header'
  /** In lower case. */
  readonly name: string
}

/** Where a value comes from when a request is judged. */
export type Reference = ClaimReference | ParamReference | HeaderReference

/** Whether an operand is read from the request rather than written in the policy. */
export function isReference(value: unknown): value is Reference {
  return typeof value === 'object' && value !== null && 'from' in value
}
