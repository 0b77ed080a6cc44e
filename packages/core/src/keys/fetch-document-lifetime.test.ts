import { describe, expect, it } from 'vitest'
import { fetchDocument } from './fetch-document.js'

async function lifetimeOf(headers: Readonly<Record<string, string>>): Promise<number | undefined> {
  const { lifetimeSeconds } = await fetchDocument(new URL('https://idp.example.com/keys'), {
    fetch: async () => new Response('{}', { headers }),
    timeoutSeconds: 5,
    signal: new AbortController().signal,
  })
  return lifetimeSeconds
}

const httpDate = (seconds: number): string => new Date(Date.now() + seconds * 1000).toUTCString()

describe('RFC 9111 §4.2: how long a document may be kept', () => {
  it.each<[string, Record<string, string>]>([
    ['nothing', {}],
    ['its age alone', { age: '10' }],
    ['when it was last changed', { 'last-modified': httpDate(-86_400), date: httpDate(0) }],
  ])('is not said by %s', async (_, headers) => {
    expect(await lifetimeOf(headers)).toBeUndefined()
  })

  it.each<[string, Record<string, string>, number]>([
    ['max-age', { 'cache-control': 'public, max-age=120' }, 120],
    ['max-age of a private answer', { 'cache-control': 'private, max-age=120' }, 120],
    ['max-age, less its age', { 'cache-control': 'max-age=120', age: '20' }, 100],
    ['max-age, outlived by its age', { 'cache-control': 'max-age=120', age: '500' }, 0],
    ['max-age and not s-maxage, which is for shared caches', { 'cache-control': 's-maxage=10, max-age=120' }, 120],
    ['max-age before Expires', { 'cache-control': 'max-age=120', expires: httpDate(900) }, 120],
    ['Expires', { expires: httpDate(900), date: httpDate(0) }, 900],
    ['Expires, by the clock of the issuer', { expires: httpDate(900), date: httpDate(-100) }, 1_000],
    ['Expires in the past', { expires: httpDate(-900), date: httpDate(0) }, 0],
    ['Expires: 0', { expires: '0' }, 0],
    ['no-store', { 'cache-control': 'no-store, max-age=120' }, 0],
    ['no-cache', { 'cache-control': 'no-cache, max-age=120' }, 0],
    ['must-revalidate, which is no limit', { 'cache-control': 'must-revalidate, max-age=120' }, 120],
    ['Vary: *', { 'cache-control': 'max-age=120', vary: '*' }, 0],
    ['a cookie beside it, which is no limit', { 'cache-control': 'max-age=120', 'set-cookie': 'a=b' }, 120],
  ])('is said by %s', async (_, headers, seconds) => {
    expect(await lifetimeOf(headers)).toBeCloseTo(seconds, 0)
  })

  // What may be served stale is not fresh: Auth0 sends `max-age=15, stale-while-revalidate=15, stale-if-error=86400`.
  it.each(['stale-while-revalidate=600', 'stale-if-error=86400'])('is not made longer by %s', async (directive) => {
    expect(await lifetimeOf({ 'cache-control': `max-age=15, ${directive}` })).toBeCloseTo(15, 0)
  })
})
