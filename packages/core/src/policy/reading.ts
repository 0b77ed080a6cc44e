// Values of the token and the request, as a policy may compare them. An object is never one, nor is text that is not
// well-formed Unicode (RFC 8259 §8.2), nor a list that is too long to be honest.
import { claimAt } from '../claims/claim-path.js'
import type { PolicyFacts } from './compiled.js'
import type { ClaimReference, Reference } from './policy.js'

/** Reads a reference: `undefined` where it is missing or `null`. What comes may still be of the wrong type. */
export type Reading = (facts: PolicyFacts) => unknown

/** Turns a reference into a function of the facts. */
export function compileReading(reference: Reference): Reading {
  const { from } = reference
  if (from === 'claim') return compileClaim(reference)
  const { name } = reference
  if (from === 'header') return ({ request }) => request.header(name)
  return ({ request: { params } }) => {
    const value = Object.hasOwn(params, name) ? (params[name] ?? undefined) : undefined
    return value === undefined || typeof value === 'string' ? value : notText
  }
}

function compileClaim({ path, as, orElse }: ClaimReference): Reading {
  const [name, ...deeper] = path
  const read: Reading =
    deeper.length === 0
      ? ({ token: { issuedClaims } }) =>
          Object.hasOwn(issuedClaims, name) ? (issuedClaims[name] ?? undefined) : undefined
      : ({ token }) => claimAt(token.issuedClaims, path) ?? undefined
  const convert = as === undefined ? undefined : as === 'string' ? toDigits : toWords
  if (convert === undefined && orElse === undefined) return read
  return (facts) => {
    const value = read(facts)
    if (value === undefined) return orElse
    return convert === undefined ? value : convert(value)
  }
}

/** A number that stands for an id has one way to be written, and loses nothing by it. */
function toDigits(value: unknown): unknown {
  return typeof value === 'string' ? value : Number.isSafeInteger(value) ? String(value) : notText
}

function toWords(value: unknown): unknown {
  return typeof value === 'string' ? value.split(' ').filter((word) => word !== '') : notText
}

/** Of no type that could be compared. */
const notText = Object.freeze({})
