import { appendFile, mkdir, mkdtemp, readFile, rm, rmdir, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { KeyRing } from '../sealing/key-ring.js'
import { OutboxFile } from './outbox-file.js'
import type { RevocationEntry } from './revocation-entry.js'

const ring = new KeyRing([Buffer.alloc(32, 'secret')], 'test')
const entry = (low: number): RevocationEntry => ({ kind: 'jti', high: 0, low, issuer: 0, cutOff: 1, until: 1 })
let folder: string
let path: string

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'outbox-'))
  path = join(folder, 'outbox')
})

afterEach(() => rm(folder, { recursive: true }))

async function lines(): Promise<readonly string[]> {
  return (await readFile(path, 'utf8')).split('\n')
}

/** What a new process finds. */
async function found(withRing = ring): Promise<readonly number[]> {
  const outbox = new OutboxFile(path, withRing)
  const entries = outbox.entries.map(({ low }) => low)
  await outbox.close()
  return entries
}

describe('an outbox file', () => {
  it('has what has not arrived, once it was told so', async () => {
    const outbox = new OutboxFile(path, ring)
    await Promise.all([outbox.add(entry(1)), outbox.add(entry(2)), outbox.add(entry(3))])
    await outbox.remove(entry(2))
    expect(await found()).toEqual([1, 3])
    await outbox.close()
    expect(await found()).toEqual([1, 3])
    expect(await lines()).toHaveLength(4)
  })

  it('keeps what is still on its way, and nothing else', async () => {
    const outbox = new OutboxFile(path, ring)
    await Promise.all([outbox.add(entry(1)), outbox.add(entry(2)), outbox.add(entry(3))])
    await outbox.retain(({ low }) => low === 2)
    expect(outbox.entries.map(({ low }) => low)).toEqual([2])
    await outbox.close()
    expect(await found()).toEqual([2])
  })

  it('is for its owner alone', async () => {
    await new OutboxFile(path, ring).close()
    expect((await stat(path)).mode & 0o777).toBe(0o600)
  })

  it('ends with what was told of, however its last line was torn', async () => {
    const outbox = new OutboxFile(path, ring)
    await outbox.add(entry(1))
    await outbox.add(entry(2))
    await outbox.close()
    const whole = await readFile(path, 'utf8')
    const second = whole.lastIndexOf('+')
    for (let end = second; end < whole.length; end += 1) {
      await writeFile(path, whole.slice(0, end))
      expect(await found()).toEqual([1])
    }
    await writeFile(path, whole)
    expect(await found()).toEqual([1, 2])
  })

  it('is written on after a torn line as if it had not been', async () => {
    const outbox = new OutboxFile(path, ring)
    await outbox.add(entry(1))
    await outbox.close()
    await appendFile(path, '+ 1.AA')
    const next = new OutboxFile(path, ring)
    await next.add(entry(2))
    await next.close()
    expect(await found()).toEqual([1, 2])
  })

  it('may be left beside a half of the next one', async () => {
    const outbox = new OutboxFile(path, ring)
    await outbox.add(entry(1))
    await outbox.close()
    await writeFile(`${path}.new`, 'sallyport out')
    expect(await found()).toEqual([1])
  })

  it('that was damaged is refused, and not touched', async () => {
    const outbox = new OutboxFile(path, ring)
    await outbox.add(entry(1))
    await outbox.add(entry(2))
    await outbox.close()
    const damaged = (await readFile(path, 'utf8')).replace('+ 1.', '+ 1-')
    await writeFile(path, damaged)
    expect(() => new OutboxFile(path, ring)).toThrow(/line 2 of `outboxFile`/)
    expect(await readFile(path, 'utf8')).toBe(damaged)
  })

  it('of another fleet is refused', async () => {
    const outbox = new OutboxFile(path, ring)
    await outbox.add(entry(1))
    await outbox.close()
    const other = new KeyRing([Buffer.alloc(32, 'other')], 'test')
    expect(() => new OutboxFile(path, other)).toThrow(/`secret`/)
    expect(await found(new KeyRing([Buffer.alloc(32, 'newer'), Buffer.alloc(32, 'secret')], 'test'))).toEqual([1])
  })

  it.each([['text of something else\n'], ['sallyport outbox 1'], ['sallyport outbox 2\n']])(
    'is not made out of %j',
    async (text) => {
      await writeFile(path, text)
      expect(() => new OutboxFile(path, ring)).toThrow(/`outboxFile`/)
      expect(await readFile(path, 'utf8')).toBe(text)
    },
  )

  it('is made out of an empty file', async () => {
    await writeFile(path, '')
    expect(await found()).toEqual([])
  })

  it('does not grow with what has arrived', async () => {
    const outbox = new OutboxFile(path, ring)
    await outbox.add(entry(0))
    for (let batch = 0; batch < 11; batch += 1) {
      const made = Array.from({ length: 1_000 }, (_, each) => entry(1 + batch * 1_000 + each))
      await Promise.all(made.map((each) => outbox.add(each)))
      await Promise.all(made.map((each) => outbox.remove(each)))
    }
    await outbox.add(entry(20_000))
    await outbox.close()
    expect((await lines()).length).toBeLessThan(5_000)
    expect(await found()).toEqual([0, 20_000])
  })

  it('tells whoever waits that it cannot be written, and has everything once it can', async () => {
    await mkdir(`${path}.new`)
    const outbox = new OutboxFile(path, ring)
    await expect(outbox.add(entry(1))).rejects.toMatchObject({ code: 'EISDIR' })
    await rmdir(`${path}.new`)
    await outbox.add(entry(2))
    await outbox.close()
    expect(await found()).toEqual([1, 2])
  })
})
