// What one process publishes to itself. The rest is the contract of states.
import { expect, it } from 'vitest'
import { MemoryPolicyDocuments } from './memory-policy-documents.js'

const document = { head: 'a.b.c', text: 'policies: {}' }

it('is a copy of what was published', async () => {
  const policies = new MemoryPolicyDocuments()
  const published = { ...document }
  await policies.publish('api', published, undefined)
  published.text = 'changed'
  expect(await policies.latest('api')).toEqual(document)
})

it('is there by the time that a listener hears of it, and nobody hears of what was not published', async () => {
  const policies = new MemoryPolicyDocuments()
  const heard: Promise<unknown>[] = []
  policies.onPublished('api', () => void heard.push(policies.latest('api')))
  await policies.publish('api', document, undefined)
  expect(await policies.publish('api', { ...document, head: 'd.e.f' }, undefined)).toBe(false)
  expect(await Promise.all(heard)).toEqual([document])
})

it('is heard of by each listener until it ends it, also by one that listens twice', async () => {
  const policies = new MemoryPolicyDocuments()
  let calls = 0
  const listener = (): void => void calls++
  const [first, second] = [policies.onPublished('api', listener), policies.onPublished('api', listener)]
  first()
  first()
  await policies.publish('api', document, undefined)
  expect(calls).toBe(1)
  second()
  await policies.publish('api', { ...document, head: 'd.e.f' }, document)
  expect(calls).toBe(1)
})
