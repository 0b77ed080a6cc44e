import { expect, it } from 'vitest'
import { mostSaid } from './majority.js'

const silent = new Promise<string>(() => {})
const say = (word: string): Promise<string> => Promise.resolve(word)
const fail = (word: string): Promise<string> => Promise.reject(new Error(word))
const ask = (...asked: Promise<string>[]): Promise<string> =>
  mostSaid(asked, String, (failure) => (failure as Error).message === 'telling')

it('is what more than half say, as soon as they have', async () => {
  expect(await ask(silent, say('right'), say('right'))).toBe('right')
})

it('is what most of those say who answer, where the others fail', async () => {
  expect(await ask(say('wrong'), say('right'), say('right'), fail('gone'), fail('gone'))).toBe('right')
  expect(await ask(fail('gone'), say('only'), fail('gone'))).toBe('only')
})

it('is not what half say, as long as others may answer', async () => {
  let answer: (word: string) => void = () => {}
  const late = new Promise<string>((resolve) => {
    answer = resolve
  })
  let said: string | undefined
  const asked = ask(say('wrong'), say('right'), late, fail('gone')).then((word) => {
    said = word
  })
  await new Promise(setImmediate)
  expect(said).toBeUndefined()
  answer('right')
  await asked
  expect(said).toBe('right')
})

it('fails with the failure that tells most, where nobody answers', async () => {
  await expect(ask(fail('gone'), fail('telling'))).rejects.toThrow('telling')
  await expect(ask(fail('first'), fail('second'))).rejects.toThrow('first')
})
