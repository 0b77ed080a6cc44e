// The vectors as they stand in the files beside this one; README.md says where each comes from.
import { readFileSync } from 'node:fs'

/** A key as it is published, or an `oct` key where the algorithm has a shared secret. */
export type VectorKey = Readonly<Record<string, unknown>>

/** An example of an RFC. */
export interface RfcVector {
  readonly source: string
  readonly algorithm: string
  readonly key: VectorKey
  readonly jws: string
  /** What was signed, as UTF-8. */
  readonly payload: string
}

/** Tokens of Project Wycheproof for one key. */
export interface WycheproofGroup {
  readonly comment: string
  readonly key: VectorKey
  readonly tests: readonly WycheproofTest[]
}

export interface WycheproofTest {
  readonly tcId: number
  readonly comment: string
  readonly result: 'valid' | 'invalid'
  readonly jws: string
}

export const rfcVectors = read('./rfc.json') as readonly RfcVector[]
export const wycheproofGroups = read('./wycheproof.json') as readonly WycheproofGroup[]

function read(file: string): unknown {
  return JSON.parse(readFileSync(new URL(file, import.meta.url), 'utf8'))
}
