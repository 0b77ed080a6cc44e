import type { Answer, Question, State } from '@sallyport/core'
import { expect, it } from 'vitest'
import { foreign, now, ours, type StateWorld } from '../state-target.js'

const question = { kind: 'introspection', of: ours, about: 'a token' }
const until = now + 60

/**
 * Answers that are remembered. A miss is never an error: each case shows what is recalled before what is not, and on a machine
 * that is too busy for the deadline of a cache, once more.
 */
export function verdictCases(world: StateWorld): void {
  it('are recalled as they were', async () => {
    const { state } = await world.nodes()
    const answers: readonly Answer[] = [
      true,
      false,
      null,
      0,
      -1.5e300,
      '',
      'ü\u{1f511}\0',
      [],
      {},
      [[], [null]],
      { active: true, nested: { scope: ['a', 'b'], exp: 1 } },
      JSON.parse('{"__proto__":{"a":1}}') as Answer,
    ]
    for (const answer of answers) await recalls(state, question, answer)
  })

  it('are recalled by another node where it has them', async () => {
    const { state, another } = await world.nodes()
    await recalls(state, question, { active: true })
    const recall = () => another.verdicts.recall(question)
    expect([undefined, { answer: { active: true } }]).toContainEqual(await recall())
    if (world.target().isShared) await expect.poll(recall).toBeDefined()
  })

  it('are not recalled for another question', async () => {
    const { state } = await world.nodes()
    expect(await state.verdicts.recall(question)).toBeUndefined()
    await recalls(state, question, true)
    for (const other of [
      { ...question, kind: 'subject' },
      { ...question, of: foreign },
      { ...question, about: 'a token ' },
      { ...question, of: `${ours}a`, about: ' token' },
    ])
      expect(await state.verdicts.recall(other), JSON.stringify(other)).toBeUndefined()
  })

  it('are not recalled after their time', async () => {
    const { state, another, clock } = await world.nodes()
    await recalls(state, question, true)
    clock.set(until - 1)
    await expect.poll(() => state.verdicts.recall(question)).toEqual({ answer: true })
    clock.set(until)
    expect([await state.verdicts.recall(question), await another.verdicts.recall(question)]).toEqual([
      undefined,
      undefined,
    ])
  })

  it('give way to a later answer', async () => {
    const { state, another } = await world.nodes()
    await recalls(state, question, { active: true })
    await recalls(another, question, { active: false })
  })

  it('are a copy, which nobody changes for another', async () => {
    const { state } = await world.nodes()
    const answer = { scope: ['a'] }
    const recalled = (await recalls(state, question, answer)) as typeof answer
    answer.scope.push('b')
    recalled.scope.push('c')
    await expect.poll(() => state.verdicts.recall(question)).toEqual({ answer: { scope: ['a'] } })
  })

  it('may be large: whole, or not at all', async () => {
    const { state } = await world.nodes()
    for (const length of [1_000, 30_000])
      await recalls(state, { ...question, about: String(length) }, { text: 'x'.repeat(length) })
    const huge = { ...question, about: 'huge' }
    const text = 'x'.repeat(10_000_000)
    await state.verdicts.remember(huge, { text }, until)
    expect([undefined, text.length]).toContain(lengthOf((await state.verdicts.recall(huge))?.answer))
  })
}

/** Remembers an answer until it is recalled as it was. */
async function recalls(state: State, asked: Question, answer: Answer): Promise<Answer | undefined> {
  let recalled: Answer | undefined
  const ask = async (): Promise<string | undefined> => {
    await state.verdicts.remember(asked, answer, until)
    recalled = (await state.verdicts.recall(asked))?.answer
    return JSON.stringify(recalled)
  }
  await expect.poll(ask).toBe(JSON.stringify(answer))
  return recalled
}

function lengthOf(answer: Answer | undefined): number | undefined {
  return (answer as { readonly text: string } | undefined)?.text.length
}
