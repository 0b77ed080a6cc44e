// What `claim(…)` of a kit can be asked: for each declared type just the questions that fit it, so that another does not
// compile. Compilers show these names to people.
import type { Comparison } from '../policy.js'

/** Something that may be missing. */
export interface Presence {
  /** It is there, and not `null`. Never undetermined. */
  exists(): Comparison
  /** It is not there, or `null`. Never undetermined. */
  absent(): Comparison
}

/** A string of the token or the request. */
export interface StringValue {
  /** It is exactly this. Another side that is missing leaves it undetermined. */
  equals(value: string | StringValue): Comparison
  /** It is exactly one of these. */
  oneOf(...values: readonly string[]): Comparison
  /** It begins with this text. */
  startsWith(text: string): Comparison
  /** It ends with this text. */
  endsWith(text: string): Comparison
}

/** A parameter of the matched route: a string. */
export interface RouteParam extends StringValue, Presence {}

/** A header of the request: a string. */
export interface RequestHeader extends StringValue, Presence {}

/** A claim that is declared `'string'`. */
export interface StringClaim extends StringValue, Presence {
  /** Takes this for the claim where it is missing or `null`. */
  orElse(value: string): StringValue
}

/** A number of the token. */
export interface NumberValue {
  /** It is exactly this. Another side that is missing leaves it undetermined. */
  equals(value: number | NumberValue): Comparison
  /** It is exactly one of these. */
  oneOf(...values: readonly number[]): Comparison
  /** It is this number or a greater. */
  atLeast(number: number): Comparison
  /** It is this number or a smaller. */
  atMost(number: number): Comparison
}

/** A claim that is declared `'number'`. */
export interface NumberClaim extends NumberValue, Presence {
  /** Takes this for the claim where it is missing or `null`. */
  orElse(value: number): NumberValue
  /** Takes it for its decimal digits, to compare it with a string. */
  asString(): DigitsClaim
}

/** A number that is taken for its decimal digits. */
export interface DigitsClaim extends StringValue {
  /** Takes this for the claim where it is missing or `null`. */
  orElse(value: string): StringValue
}

/** A boolean of the token. */
export interface BooleanValue {
  /** It is exactly this. Another side that is missing leaves it undetermined. */
  equals(value: boolean | BooleanValue): Comparison
}

/** A claim that is declared `'boolean'`. */
export interface BooleanClaim extends BooleanValue, Presence {
  /** Takes this for the claim where it is missing or `null`. */
  orElse(value: boolean): BooleanValue
}

/** A claim that is declared `'strings'`: an array. */
export interface StringListClaim extends Presence {
  /** This one is in it. */
  includes(value: string | StringValue): Comparison
  /** One of these is in it. */
  includesAny(...values: readonly string[]): Comparison
  /** All of these are in it. */
  includesAll(...values: readonly string[]): Comparison
}

/** A claim that is declared `'spaceList'`: a string whose words are the list. */
export interface WordsClaim extends StringListClaim {}

/** A claim that is declared with other claims inside it. */
export interface ObjectClaim extends Presence {}

/** What can be asked of a claim that is declared so. */
type ClaimOf<Declared> = [Declared] extends ['string']
  ? StringClaim
  : [Declared] extends ['number']
    ? NumberClaim
    : [Declared] extends ['boolean']
      ? BooleanClaim
      : [Declared] extends ['strings']
        ? StringListClaim
        : [Declared] extends ['spaceList']
          ? WordsClaim
          : ObjectClaim

/** Stands for the names in a claim that has none. */
interface NothingInsideThisClaim {
  readonly nothing: never
}

type NameIn<Declared> = Declared extends object ? keyof Declared & string : NothingInsideThisClaim
type At<Declared, Name> = Name extends keyof Declared ? Declared[Name] : never
/** The same, where there may be no name any more. */
type Deeper<Declared, Name> = [Name] extends [never] ? Declared : At<Declared, Name>

/**
 * `claim(…)` of a kit: a claim by its path, from the outside in. What is declared deeper than five names is read with the
 * `claim` that knows no vocabulary. There is no overload for each length of a path, as editors would then complete a name
 * with those of all claims.
 */
export interface DeclaredClaim<D> {
  <A extends NameIn<D>>(a: A): ClaimOf<At<D, A>>
  <
    A extends NameIn<D>,
    B extends NameIn<At<D, A>>,
    C extends NameIn<At<At<D, A>, B>> = never,
    E extends NameIn<At<At<At<D, A>, B>, C>> = never,
    F extends NameIn<At<At<At<At<D, A>, B>, C>, E>> = never,
  >(
    a: A,
    b: B,
    c?: C,
    d?: E,
    e?: F,
  ): ClaimOf<Deeper<Deeper<Deeper<At<At<D, A>, B>, C>, E>, F>>
}

/** The paths of the claims that are declared. */
export type DeclaredPath<D> = {
  [Name in keyof D & string]:
    | readonly [Name]
    | (D[Name] extends object ? readonly [Name, ...DeclaredPath<D[Name]>] : never)
}[keyof D & string]
