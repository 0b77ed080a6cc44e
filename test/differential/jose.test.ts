// Two verifiers, one verdict: ours and that of jose, on thousands of tokens, good ones and spoiled ones. Where they differ
// it is for a reason that reasons.ts names, and in no other case.
import type { ErrorCode } from '@sallyport/core'
import { createLocalJWKSet, type JSONWebKeySet, jwtVerify } from 'jose'
import { beforeAll, describe, expect, it } from 'vitest'
import { type AnyVerifier, audience, issuer, now, verdict, verifierFor } from '../fixtures/signer.js'
import { type Case, createCase, macSigners, publicJwks, secret, signers } from './cases.js'
import { createRandom, seed } from './random.js'
import { type Facts, type Reason, reasons } from './reasons.js'

const rounds = 10_000

interface Judged extends Case {
  readonly number: number
  readonly ours: ErrorCode | 'accepted'
  readonly again: ErrorCode | 'accepted'
  /** `'accepted'`, or why not. */
  readonly theirs: string
  readonly matching: readonly Reason[]
}

const macAlgorithms = macSigners.map(({ algorithm }) => algorithm)
const algorithms = [...new Set(signers.map(({ algorithm }) => algorithm))]
const isMac = ({ algorithm }: Case) => macAlgorithms.includes(algorithm)
const keySet = createLocalJWKSet({ keys: publicJwks } as JSONWebKeySet)

// The same question to both. A greatest age makes both of them look at iat, and is asked for every other time.
const options = { jwks: { keys: publicJwks }, requiredClaims: ['client_id'], clockToleranceSeconds: 30 }
const ages = [{}, { maxTokenAgeSeconds: 600 }]
const ofKeys = ages.map((age) => verifierFor([], { ...options, ...age }))
const ofSecret = ages.map((age) =>
  verifierFor([], { ...options, ...age, jwks: undefined, secret, algorithms: macAlgorithms }),
)

const hasGreatestAge = (number: number) => number % 2 === 1

async function theirVerdict(each: Case, number: number): Promise<string> {
  const question = {
    issuer,
    audience,
    typ: 'at+jwt',
    requiredClaims: ['exp', 'client_id'],
    clockTolerance: 30,
    currentDate: new Date(now * 1_000),
    algorithms: isMac(each) ? macAlgorithms : algorithms,
    ...(hasGreatestAge(number) && { maxTokenAge: 600 }),
  }
  try {
    await (isMac(each) ? jwtVerify(each.token, secret, question) : jwtVerify(each.token, keySet, question))
    return 'accepted'
  } catch (error) {
    return String(error)
  }
}

/** What a lenient reader makes of a token; nothing where it can't be read at all. */
function factsOf({ token, mutation }: Case, number: number): Facts | undefined {
  const [headerText = '', claimsText = ''] = token
    .split('.')
    .map((segment) => Buffer.from(segment, 'base64url').toString())
  try {
    const [header, claims] = [headerText, claimsText].map((text) => JSON.parse(text.replace(/^\ufeff/, '')))
    return { token, mutation, headerText, claimsText, header, claims, hasGreatestAge: hasGreatestAge(number) }
  } catch {
    return undefined
  }
}

async function judge(each: Case, number: number): Promise<Judged> {
  const verifier = (isMac(each) ? ofSecret : ofKeys)[Number(hasGreatestAge(number))] as AnyVerifier
  const ours = await verdict(verifier, each.token)
  const again = await verdict(verifier, each.token) // the second time from memory, where it was accepted
  const theirs = await theirVerdict(each, number)
  const facts = factsOf(each, number)
  const matching =
    ours === 'accepted' || theirs === 'accepted' ? reasons.filter(({ matches }) => facts && matches(facts)) : []
  return { ...each, number, ours, again, theirs, matching }
}

const disagree = ({ ours, theirs }: Judged) => (ours === 'accepted') !== (theirs === 'accepted')
const isListed = ({ ours, matching }: Judged) => matching.some((reason) => reason.ours === ours)

describe(`Sallyport and jose, seed ${seed}`, () => {
  const judged: Judged[] = []

  beforeAll(async () => {
    const random = createRandom(seed)
    for (let number = 0; number < rounds; number++) judged.push(await judge(createCase(random), number))
  }, 300_000)

  it(`judge ${rounds} tokens alike, but for the reasons that are listed`, () => {
    expect(judged).toHaveLength(rounds)
    expect(judged.filter((each) => disagree(each) && !isListed(each))).toEqual([])
  })

  it('judge alike where no reason is about a token', () => {
    expect(judged.filter((each) => !disagree(each) && each.matching.length > 0)).toEqual([])
  })

  it.each(reasons)('differ: $name', (reason) => {
    const differing = judged.filter(
      (each) => disagree(each) && each.ours === reason.ours && each.matching.includes(reason),
    )
    expect(differing.length).toBeGreaterThan(0)
  })

  it('accept every good token, of every algorithm', () => {
    const good = judged.filter(({ mutation }) => mutation === 'none')
    expect(new Set(good.map(({ algorithm }) => algorithm))).toEqual(new Set([...algorithms, ...macAlgorithms]))
    expect(good.filter(({ ours, theirs }) => ours !== 'accepted' || theirs !== 'accepted')).toEqual([])
  })

  it('meet thousands of tokens to accept, and thousands to refuse', () => {
    const accepted = judged.filter(({ ours }) => ours === 'accepted').length
    expect(accepted).toBeGreaterThan(2_000)
    expect(rounds - accepted).toBeGreaterThan(4_000)
  })

  it('refuse at least once what is spoiled in any one way, but for three that spoil nothing', () => {
    const refused = new Set(judged.filter(({ ours }) => ours !== 'accepted').map(({ mutation }) => mutation))
    const harmless = [...new Set(judged.map(({ mutation }) => mutation))].filter((mutation) => !refused.has(mutation))
    const spoilNothing = ['a name in two objects', 'something unknown', 'white space'].flatMap((name) => [
      `header: ${name}`,
      `claims: ${name}`,
    ])
    expect(harmless.toSorted()).toEqual(['none', ...spoilNothing].toSorted())
  })

  it('are asked a second time, and we say the same', () => {
    expect(judged.filter(({ ours, again }) => ours !== again)).toEqual([])
  })
})
