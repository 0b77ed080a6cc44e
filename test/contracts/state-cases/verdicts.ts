import type { Answer } from '@sallyport/core'
import { expect, it } from 'vitest'
import { foreign, now, ours, type StateWorld } from '../state-target.js'

const question = { kind: 'introspection', of: ours, about: 'a token' }
const until = now + 60

/** Answers that are remembered. A miss is never an error, so each case shows what is recalled before what is not. */
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
    for (const answer of answers) {
      await state.verdicts.remember(question, answer, until)
      const recalled = await state.verdicts.recall(question)
      expect(JSON.stringify(recalled?.answer)).toBe(JSON.stringify(answer))
    }
  })

  it('are recalled by another node where it has them', async () => {
    const { state, another } = await world.nodes()
    await state.verdicts.remember(question, { active: true }, until)
    const recalled = await another.verdicts.recall(question)
    expect([undefined, { answer: { active: true } }]).toContainEqual(recalled)
    if (world.target().isShared) expect(recalled).toBeDefined()
  })

  it('are not recalled for another question', async () => {
    const { state } = await world.nodes()
    expect(await state.verdicts.recall(question)).toBeUndefined()
    await state.verdicts.remember(question, true, until)
    expect(await state.verdicts.recall(question)).toEqual({ answer: true })
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
    await state.verdicts.remember(question, true, until)
    clock.set(until - 1)
    expect(await state.verdicts.recall(question)).toEqual({ answer: true })
    clock.set(until)
    expect([await state.verdicts.recall(question), await another.verdicts.recall(question)]).toEqual([
      undefined,
      undefined,
    ])
  })

  it('give way to a later answer', async () => {
    const { state, another } = await world.nodes()
    await state.verdicts.remember(question, { active: true }, until)
    await another.verdicts.remember(question, { active: false }, until)
    expect(await another.verdicts.recall(question)).toEqual({ answer: { active: false } })
  })

  it('are a copy, which nobody changes for another', async () => {
    const { state } = await world.nodes()
    const answer = { scope: ['a'] }
    await state.verdicts.remember(question, answer, until)
    answer.scope.push('b')
    const recalled = (await state.verdicts.recall(question))?.answer as { scope: string[] }
    recalled.scope.push('c')
    expect(await state.verdicts.recall(question)).toEqual({ answer: { scope: ['a'] } })
  })

  it('may be large: whole, or not at all', async () => {
    const { state } = await world.nodes()
    for (const length of [1_000, 30_000, 10_000_000]) {
      const large = { ...question, about: String(length) }
      await state.verdicts.remember(large, { text: 'x'.repeat(length) }, until)
      const recalled = await state.verdicts.recall(large)
      if (length <= 30_000) expect(recalled, String(length)).toBeDefined()
      if (recalled !== undefined) expect((recalled.answer as { text: string }).text.length).toBe(length)
    }
  })
}
