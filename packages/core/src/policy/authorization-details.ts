// What `authorization_details` of a token mean to a policy (RFC 9396 §2.2, §9): one object of the type that is asked for
// grants all of it, or none does. That the claim is an array of objects with a `type` is judged before (`claims/`), and
// once more here, because facts may come from elsewhere. What a type means beyond the members it is asked about is the
// application's to know.
import { claimAt, isTextList } from '../claims/claim-path.js'
import { compareValues } from './compile-comparison.js'
import type { Meaning, PolicyFacts } from './compiled.js'
import { describeReference } from './describe-reference.js'
import { isReference, type Leaf, type Reference, type Scalar } from './policy.js'
import { compileReading } from './reading.js'
import { type Check, every, isFalse, isTrue, isUndetermined, type Verdict } from './verdict.js'

type Detail = Readonly<Record<string, unknown>>

/** One object of the type that is asked for, and what it is judged with. */
interface Grant {
  readonly detail: Detail
  readonly facts: PolicyFacts
}

/** One thing that is asked of an object. */
interface Condition {
  readonly check: Check<Grant>
  /** Why it is undetermined. */
  readonly why: (grant: Grant) => string
}

/** No honest token has more of them. */
const greatestLength = 1_024

/** The meaning of the word `authorizationDetails`. */
export function compileAuthorizationDetails(leaf: Extract<Leaf, { kind: 'authorizationDetails' }>): Meaning {
  const { type, locations, identifier, fields = [] } = leaf
  const conditions = [
    locationCondition(locations),
    ...(['actions', 'datatypes', 'privileges'] as const).flatMap((name) => {
      const asked = leaf[name]
      return asked === undefined ? [] : [listCondition(name, asked)]
    }),
    ...(identifier === undefined ? [] : [valueCondition(['identifier'], identifier)]),
    ...fields.map(({ path, equals }) => valueCondition(path, equals)),
  ]
  const grants = every(conditions.map(({ check }) => check))
  const ofType = (details: readonly Detail[]) => details.filter((detail) => detail['type'] === type)
  return {
    check(facts) {
      const details = detailsOf(facts)
      if (details === undefined) return isUndetermined
      let verdict: Verdict = isFalse // INVARIANT: objects of other types grant nothing
      for (const detail of ofType(details)) {
        const each = grants({ detail, facts }) // INVARIANT: one object grants it all; two halves make no grant
        if (each > verdict) verdict = each
      }
      return verdict
    },
    why(facts) {
      const details = detailsOf(facts)
      if (details === undefined) {
        const isMissing = (claimAt(facts.token.issuedClaims, ['authorization_details']) ?? undefined) === undefined
        return `claim authorization_details is ${isMissing ? 'missing' : 'of the wrong type'}`
      }
      const grant = ofType(details)
        .map((detail) => ({ detail, facts }))
        .find((each) => grants(each) === isUndetermined) as Grant
      return (conditions.find(({ check }) => check(grant) === isUndetermined) as Condition).why(grant)
    },
  }
}

function detailsOf({ token }: PolicyFacts): readonly Detail[] | undefined {
  const details = claimAt(token.issuedClaims, ['authorization_details'])
  return Array.isArray(details) && details.length <= greatestLength && details.every(isDetail) ? details : undefined
}

function isDetail(value: unknown): boolean {
  return typeof claimAt(value as Detail, ['type']) === 'string' // of an array and of what is no object there is none
}

/** An object without `locations` holds everywhere; one with them, where one of them is ours. */
function locationCondition(asked: readonly string[] | undefined): Condition {
  return {
    check({ detail, facts }) {
      const locations = claimAt(detail, ['locations'])
      if (locations === undefined) return isTrue
      const ours = asked ?? facts.token.audiences
      if (ours === undefined || !isTextList(locations)) return isUndetermined
      return ours.some((each) => locations.includes(each)) ? isTrue : isFalse
    },
    why: ({ detail }) =>
      isTextList(claimAt(detail, ['locations']))
        ? 'it holds at some locations, and which are ours is not known'
        : 'its locations are of the wrong type',
  }
}

function listCondition(name: string, asked: readonly string[]): Condition {
  return {
    check({ detail }) {
      const granted = claimAt(detail, [name])
      if (!isTextList(granted)) return isUndetermined
      return asked.every((each) => granted.includes(each)) ? isTrue : isFalse
    },
    why: ({ detail }) => whyMember(detail, [name]),
  }
}

function valueCondition(path: readonly [string, ...string[]], operand: Scalar | Reference): Condition {
  const read = isReference(operand) ? compileReading(operand) : () => operand
  return {
    check: ({ detail, facts }) => compareValues(claimAt(detail, path), read(facts)),
    why({ detail, facts }) {
      if (isReference(operand) && read(facts) === undefined) return `${describeReference(operand)} is missing`
      return `${whyMember(detail, path)}${isReference(operand) ? ', or the other side is' : ''}`
    },
  }
}

function whyMember(detail: Detail, path: readonly [string, ...string[]]): string {
  return `its ${path.join('.')} is ${(claimAt(detail, path) ?? undefined) === undefined ? 'missing' : 'of the wrong type'}`
}
