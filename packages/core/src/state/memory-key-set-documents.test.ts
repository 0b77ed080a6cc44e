// The bound of what one process keeps, and who waits for whom. The rest is the contract of states.
import { describe, expect, it } from 'vitest'
import type { KeySetDocument } from './key-set-documents.js'
import { MemoryKeySetDocuments } from './memory-key-set-documents.js'

const source = (issuer: string) => ({ issuer, location: '' })
const any = { serves: () => true }
const afresh = { serves: ({ etag }: KeySetDocument) => etag === 'never' }
const document: KeySetDocument = { url: 'https://idp.example.com/jwks', text: '{"keys":[]}', fetchedAt: 0 }

describe('key sets in memory', () => {
  it('are a thousand, those that were wanted last', async () => {
    const keySets = new MemoryKeySetDocuments()
    for (let i = 0; i <= 1_000; i++) await keySets.fetchOnce(source(`https://${i}.example`), any, async () => document)
    expect(await keySets.latest(source('https://0.example'))).toBeUndefined()
    expect(await keySets.latest(source('https://1.example'))).toBeDefined()
    expect(await keySets.latest(source('https://1000.example'))).toBeDefined()
  })

  it('whose fetch fails, fail for all who wait for it, and are fetched by whoever comes next', async () => {
    const keySets = new MemoryKeySetDocuments()
    const failing = async (): Promise<never> => {
      await new Promise(setImmediate)
      throw new Error('away')
    }
    const waiting = [1, 2, 3].map(() => keySets.fetchOnce(source('https://a.example'), any, failing))
    expect((await Promise.allSettled(waiting)).map(({ status }) => status)).toEqual(waiting.map(() => 'rejected'))
    const next = await keySets.fetchOnce(source('https://a.example'), any, async () => document)
    expect(next).toMatchObject({ isOwn: true })
  })

  it('are fetched one after another for those whom none serves', async () => {
    const keySets = new MemoryKeySetDocuments()
    let underWay = 0
    const fetch = async (): Promise<KeySetDocument> => {
      underWay += 1
      expect(underWay).toBe(1)
      await new Promise(setImmediate)
      underWay -= 1
      return document
    }
    const all = [1, 2, 3].map(() => keySets.fetchOnce(source('https://a.example'), afresh, fetch))
    const serials = (await Promise.all(all)).map((each) => each.document.serial)
    expect(serials).toEqual([1, 2, 3])
  })

  it('of one source keep nobody waiting who wants another', async () => {
    const keySets = new MemoryKeySetDocuments()
    let resolve: (document: KeySetDocument) => void = () => undefined
    const brought = new Promise<KeySetDocument>((heard) => {
      resolve = heard
    })
    const slow = keySets.fetchOnce(source('https://a.example'), any, () => brought)
    expect(await keySets.fetchOnce(source('https://b.example'), any, async () => document)).toMatchObject({
      isOwn: true,
    })
    resolve(document)
    expect(await slow).toMatchObject({ isOwn: true })
  })

  it('are told of to listeners of the source alone, those who listen twice included', async () => {
    const keySets = new MemoryKeySetDocuments()
    const heard: string[] = []
    const listener = (): void => void heard.push('a')
    const forget = keySets.onChanged(source('https://a.example'), listener)
    keySets.onChanged(source('https://a.example'), listener)
    keySets.onChanged(source('https://b.example'), () => void heard.push('b'))
    await keySets.fetchOnce(source('https://a.example'), any, async () => document)
    expect(heard).toEqual(['a', 'a'])
    forget()
    forget()
    await keySets.fetchOnce(source('https://a.example'), afresh, async () => ({ ...document, text: '{"keys":[{}]}' }))
    expect(heard).toEqual(['a', 'a', 'a'])
  })
})
