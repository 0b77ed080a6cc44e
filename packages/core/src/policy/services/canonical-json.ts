// One text for one JSON value (RFC 8785), however its members are ordered: what an answer is remembered by.

/** A JSON value without `null`, as questions are made of. INVARIANT: text is well-formed, numbers are finite. */
export type JsonValue = string | number | boolean | readonly JsonValue[] | { readonly [name: string]: JsonValue }

/** RFC 8785 §3.2: no white space, members sorted by UTF-16 code units, text and numbers as ECMAScript writes them. */
export function canonicalJson(value: JsonValue): string {
  if (typeof value !== 'object') return JSON.stringify(value)
  if (isList(value)) return `[${value.map(canonicalJson).join(',')}]`
  const members = Object.keys(value)
    .toSorted() // the default order is the one by UTF-16 code units (§3.2.3)
    .map((name) => `${JSON.stringify(name)}:${canonicalJson(value[name] as JsonValue)}`)
  return `{${members.join(',')}}`
}

function isList(value: JsonValue): value is readonly JsonValue[] {
  return Array.isArray(value)
}
