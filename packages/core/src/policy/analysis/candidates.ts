// What a fact could be, as far as the leaves that read it can tell: every value they mention, one between each two and beyond,
// one that they do not mention, none, and one of the wrong type. Too many do no harm: those that are all the same are
// taken for one later on (`outcomes.ts`).
import { detailCandidates } from './detail-candidates.js'
import type { Mention, Place } from './mentions.js'

/** One fact of a request, and all that is said about it. */
export interface Fact {
  readonly at: Place
  readonly mentions: readonly Mention[]
}

/** What a fact could be. */
export interface Candidates {
  readonly values: readonly unknown[]
  /** Whether nothing else could be told from these. */
  readonly areComplete: boolean
}

const wrongType = Object.freeze({})

/**
 * The values of a fact.
 *
 * @param peers - the facts that it is compared with, itself included: what one is compared with, the others could be as well
 */
export function candidatesFor({ at, mentions }: Fact, peers: readonly Fact[]): Candidates {
  const said = new Set(mentions.flatMap(({ values = [] }) => values))
  if (!('path' in at || 'name' in at))
    return { values: [...said], areComplete: !mentions.some(({ isPartial }) => isPartial) }
  const around = surroundingsOf(peers)
  const lists = mentions.some(({ form }) => form !== undefined)
    ? listsOf(mentions, peers.length > 1 ? around : nothing)
    : []
  const isList = mentions.some(({ form }) => form === 'words')
  const isReadTwice =
    isList && mentions.some(({ literals, starts, ends }) => (literals ?? starts ?? ends) !== undefined)
  const details = mentions.flatMap((mention) => mention.details ?? [])
  const granted = detailCandidates(details, [...around.literals, ...around.others])
  const areComplete =
    granted.areComplete && around.areComplete && lists.length < greatestLists && !(isReadTwice && peers.length > 1)
  const scalars = [...around.literals, ...around.others]
  const values = [...said, ...granted.values, ...lists.flatMap((list) => written(list, mentions, around)), ...scalars]
  if ('name' in at) {
    const texts = values.filter((value) => typeof value === 'string')
    return { values: [...texts, undefined, ...(at.in === 'params' ? [wrongType] : [])], areComplete }
  }
  const isIssuer = at.path.length === 1 && at.path[0] === 'iss' // every token has one, and it is text
  const rest = isIssuer ? [] : [undefined, wrongType]
  return { values: [...values, ...rest], areComplete }
}

/** The single values that some facts are compared with, and those that they could be beside. */
interface Surroundings {
  readonly literals: readonly unknown[]
  readonly others: readonly unknown[]
  readonly texts: readonly string[]
  /** Texts in which none of the literals occurs. */
  readonly unheard: readonly string[]
  readonly patterns: readonly (readonly [start: string, end: string])[]
  readonly areComplete: boolean
}

const nothing: Surroundings = { literals: [], others: [], texts: [], unheard: [], patterns: [], areComplete: true }

function surroundingsOf(facts: readonly Fact[]): Surroundings {
  const mentions = facts.flatMap((fact) => fact.mentions)
  const literals = mentions.flatMap((mention) => mention.literals ?? [])
  const items = facts.length > 1 ? mentions.flatMap((mention) => mention.items ?? []) : []
  const starts = ['', ...mentions.flatMap((mention) => mention.starts ?? [])]
  const ends = ['', ...mentions.flatMap((mention) => mention.ends ?? [])]
  const given = [...new Set([...literals.filter((value) => typeof value === 'string'), ...items])]
  const unheard = unheardTexts(facts.length, [
    ...given,
    ...starts,
    ...ends,
    ...mentions.flatMap((mention) => mention.items ?? []),
  ])
  const patterns = starts.flatMap((start) => ends.map((end) => [start, end] as const))
  const texts = [...given, ...patterns.flatMap(([start, end]) => unheard.map((text) => `${start}${text}${end}`))]
  const claims = facts.filter(({ at }) => at.in === 'claims').length
  const wanted = literals.filter((value) => typeof value === 'number')
  const numbers = claims > 1 ? [...wanted, 0] : wanted // two claims may be alike without being text
  const flags = literals.some((value) => typeof value === 'boolean') ? [true, false] : []
  const convert = mentions.some(({ digits }) => digits === true)
  const asNumbers = convert ? texts.filter(isDigits).map(Number) : []
  const near = numbersAround([...numbers, ...asNumbers], facts.length)
  // Digits are of whole numbers only.
  const nearby = convert ? near.flatMap((one) => [one, Math.floor(one), Math.ceil(one), one - 0.5, one + 0.5]) : near
  const asTexts = convert ? nearby.filter(Number.isSafeInteger).map(String) : []
  return {
    literals,
    others: [...texts, ...asTexts, ...flags, ...nearby],
    texts: [...texts, ...asTexts],
    unheard,
    patterns,
    areComplete: !(convert && wanted.length > 0 && patterns.length > 1), // which numbers begin with a 7?
  }
}

/** So many texts that no comparison has heard of, and that lengthen none it has. */
function unheardTexts(count: number, heard: readonly string[]): readonly string[] {
  const all = heard.join('')
  const quote = [...'-~_.:+|'].find((mark) => !all.includes(mark)) ?? '…'
  const isPlain = !heard.some((text) => /other|^o|r$/.test(text))
  return Array.from({ length: count }, (_, index) => {
    const text = index === 0 ? 'other' : `other${index + 1}`
    return isPlain && index === 0 ? text : `${quote}${text}${quote}`
  })
}

/** All numbers there are, those between them and beyond, so many each. */
function numbersAround(numbers: readonly number[], count: number): readonly number[] {
  const sorted = [...new Set(numbers)].toSorted((a, b) => a - b)
  const [least, greatest] = [sorted[0], sorted.at(-1)]
  if (least === undefined || greatest === undefined) return []
  const steps = Array.from({ length: count }, (_, index) => index + 1)
  const between = sorted.slice(1).flatMap((above, index) => {
    const below = sorted[index] as number
    return steps.map((step) => below + ((above - below) * step) / (count + 1))
  })
  const beyond = steps.flatMap((step) => [least - step * strideOf(least), greatest + step * strideOf(greatest)])
  return [...sorted, ...beyond, ...between].filter(Number.isFinite)
}

/** A step that is not lost in rounding. */
function strideOf(number: number): number {
  return Number.isSafeInteger(Math.trunc(number) * 2) ? 1 : Math.abs(number)
}

function isDigits(text: string): boolean {
  return /^-?(?:0|[1-9]\d{0,14})$/.test(text)
}

/** More lists than these are too many. */
const greatestLists = 2_048

/** The lists that can be told apart: each item in it or not. Of items that are only asked for together: none, one or all. */
function listsOf(mentions: readonly Mention[], around: Surroundings): readonly (readonly string[])[] {
  const asked = mentions.flatMap(({ items }) => (items === undefined ? [] : [items]))
  const groups = new Map<string, string[]>()
  for (const item of new Set(asked.flat())) {
    const key = asked.map((items) => Number(items.includes(item))).join('')
    groups.set(key, [...(groups.get(key) ?? []), item])
  }
  const alone = around.texts.filter((text) => !asked.flat().includes(text)).map((text) => [text])
  const all =
    around === nothing ? [...groups.values()] : [...[...groups.values()].flat().map((item) => [item]), ...alone]
  let lists: readonly (readonly string[])[] = [[]]
  for (const group of all) {
    const states = group.length === 1 ? [group, []] : [group, group.slice(0, 1), []]
    lists = lists.flatMap((list) => states.map((state) => [...list, ...state])).slice(0, greatestLists)
  }
  return lists
}

/** A list as its readers want it: as an array, or as words in a text that may begin and end in some way. */
function written(
  list: readonly string[],
  mentions: readonly Mention[],
  { literals, patterns, unheard }: Surroundings,
): readonly unknown[] {
  const forms = new Set(mentions.map(({ form }) => form))
  const [other = ''] = unheard
  const framed = patterns.map(([start, end]) => [`${start}${other}`, ...list, `${other}${end}`].join(' '))
  const isText = literals.length > 0 || patterns.length > 1 // it is compared as a whole as well
  const texts = isText ? [list.join(' '), ...framed] : [list.join(' ')]
  return [...(forms.has('words') ? texts : []), ...(forms.has('array') ? [list] : [])]
}
