import { describe, expect, it } from 'vitest'
import { claim, param } from '../comparison.js'
import { req } from '../request-words.js'
import { parseAuthzenQuestion, readAuthzenAnswer } from './authzen.js'
import { describeQuestion } from './describe-question.js'
import { NoDecisionError } from './service-answer.js'

const good = {
  subject: { type: 'user', id: claim('sub') },
  action: { name: req.method },
  resource: { type: 'doc', id: param('docId') },
}

describe('a question', () => {
  it('has a subject, an action and a resource, and whatever else may matter', () => {
    expect(describeQuestion(parseAuthzenQuestion(good))).toBe(
      '{"subject":{"type":"user","id":claim sub},"action":{"name":method},"resource":{"type":"doc","id":param docId}}',
    )
    const more = { ...good, action: { name: 'edit', properties: { bulk: true } }, context: { ip: 'x' } }
    expect(describeQuestion(parseAuthzenQuestion(more))).toContain('"properties":{"bulk":true}},"resource"')
    expect(describeQuestion(parseAuthzenQuestion(more))).toMatch(/"context":\{"ip":"x"\}\}$/)
  })

  it.each([
    [{ subject: undefined }, /`subject` of permits/],
    [{ action: 'read' }, /`action` of permits/],
    [{ resource: { type: 'doc' } }, /needs `id`/],
    [{ subject: { id: 'ann' } }, /needs `type`/],
    [{ action: {} }, /needs `name`/],
    [{ subject: { type: 'user', id: 7 } }, /a text that is not empty/],
    [{ subject: { type: 'user', id: 'ann', email: 'x' } }, /no option `email`/],
    [{ resource: { type: 'doc', id: '7', properties: 'x' } }, /`properties` in/],
    [{ context: 'x' }, /`context` of permits/],
    [{ resorce: {} }, /did you mean `resource`/],
  ])('%j is refused', (spoiled, message) => {
    expect(() => parseAuthzenQuestion({ ...good, ...spoiled })).toThrow(message)
  })
})

describe('an answer', () => {
  it('is a boolean, whatever stands beside it', () => {
    expect(readAuthzenAnswer({ decision: true, context: { decision: false } })).toBe(true)
    expect(readAuthzenAnswer({ decision: false, allow: true })).toBe(false)
  })

  it.each([{}, { decision: 'true' }, { decision: 1 }, { decision: null }, { decision: [true] }, { Decision: true }])(
    '%j is none',
    (answer) => {
      expect(() => readAuthzenAnswer(answer)).toThrow(NoDecisionError)
    },
  )

  it('is not what is inherited', () => {
    expect(() => readAuthzenAnswer(Object.create({ decision: true }))).toThrow(NoDecisionError)
  })
})
