import type { StandardSchemaV1 } from '@standard-schema/spec'
import { describe, expect, it } from 'vitest'
import { validateSchema } from './validate-claims.js'

/** A Standard Schema in one line; those of zod, valibot and arktype are tried through the verifier. */
function schemaOf(validate: StandardSchemaV1.Props['validate']): StandardSchemaV1 {
  return { '~standard': { version: 1, vendor: 'test', validate } }
}

const schemaThatAnswers = (value: unknown) => schemaOf(() => ({ value }))

describe('validateSchema', () => {
  it('shows the schema the claims, and answers what it makes of them', async () => {
    const schema = schemaOf((claims) => ({ value: { ...(claims as object), tenant: 'T' } }))
    expect(await validateSchema({ sub: 'ann', tenant: 't' }, schema)).toEqual({ sub: 'ann', tenant: 'T' })
  })

  it('waits for a schema that takes its time', async () => {
    const schema = schemaOf(async () => ({ value: 'later' }))
    expect(await validateSchema({}, schema)).toBe('later')
  })

  it('freezes the answer to its depth', async () => {
    const value = { address: { lines: ['one', { two: 2 }] }, nothing: null, count: 1 }
    await validateSchema({}, schemaThatAnswers(value))
    expect(Object.isFrozen(value)).toBe(true)
    expect(Object.isFrozen(value.address)).toBe(true)
    expect(Object.isFrozen(value.address.lines)).toBe(true)
    expect(Object.isFrozen(value.address.lines[1])).toBe(true)
  })

  it('freezes an answer that holds itself', async () => {
    const value: { self?: object } = {}
    value.self = value
    expect(Object.isFrozen(await validateSchema({}, schemaThatAnswers(value)))).toBe(true)
  })

  it.each<[string, unknown]>([
    ['text', 'text'],
    ['null', null],
    ['undefined', undefined],
    ['a number', 7],
  ])('answers %s as it is', async (_, value) => {
    expect(await validateSchema({}, schemaThatAnswers(value))).toBe(value)
  })

  it.each<[string, StandardSchemaV1.Issue['path'], string | undefined]>([
    ['a name', ['tenant', 'id'], 'tenant'],
    ['a segment with a key', [{ key: 'tenant' }], 'tenant'],
    ['an index', [0], undefined],
    ['a symbol', [Symbol('tenant')], undefined],
    ['an index in a segment', [{ key: 0 }], undefined],
    ['an empty path', [], undefined],
    ['no path', undefined, undefined],
  ])('refuses what does not fit, and names the claim by %s', async (_, path, claim) => {
    const schema = schemaOf(() => ({ issues: [{ message: 'the secret value 4711 is too long', path }] }))
    const refusal = expect.objectContaining({
      code: 'claim_invalid',
      claim,
      bySchema: true,
      message: expect.stringMatching(/^[a-z ]+$/), // nothing of what the schema says, for it may quote the value
    })
    await expect(validateSchema({ tenant: '4711' }, schema)).rejects.toEqual(refusal)
  })

  it('refuses where the schema says only that it does not fit', async () => {
    const schema = schemaOf(() => ({ issues: [] }))
    await expect(validateSchema({}, schema)).rejects.toMatchObject({ code: 'claim_invalid' })
  })

  it('lets an error of the schema itself through: it is no fault of the caller', async () => {
    const schema = schemaOf(() => {
      throw new TypeError('a bug in the schema')
    })
    await expect(validateSchema({}, schema)).rejects.toThrow(TypeError)
  })

  // Object.freeze refuses views of bytes.
  it('answers bytes as they are', async () => {
    const value = { thumbprint: new Uint8Array([1, 2, 3]) }
    expect(await validateSchema({}, schemaThatAnswers(value))).toEqual(value)
  })

  it('freezes below what the schema has frozen itself', async () => {
    const value = Object.freeze({ address: { city: 'x' } })
    await validateSchema({}, schemaThatAnswers(value))
    expect(Object.isFrozen(value.address)).toBe(true)
  })
})
