// Row 18 of the chaos list: clocks that are set. That of a server is set by a shim that a compiler has to make: without `gcc`
// those tests are skipped, and say so. That of a node is an option.
import type { SingleUse, State } from '@sallyport/core'
import { afterAll, beforeAll, expect, it, onTestFinished, type TestContext } from 'vitest'
import { startRedis } from '../../fixtures/redis-servers.js'
import { log as rows, startNode, token, written } from '../revocation-fleet.js'
import { type ClockShim, compileClockShim } from './clock-shim.js'
import { names, openNode, openNodes, report, stateEvents, tokenWith } from './nodes.js'
import { newThing } from './use-load.js'

const log = names.revocation('log')
let shim: ClockShim | undefined
beforeAll(async () => {
  shim = await compileClockShim()
})
afterAll(() => shim?.stop())

const now = (): number => Date.now() / 1000
/** How long a proof is good for in these tests. */
const windowSeconds = 60

async function start({ skip }: TestContext) {
  if (shim === undefined) return skip('gcc is not installed: the clock of a server cannot be set')
  const { server, set } = await shim.startRedis()
  onTestFinished(server.stop)
  const dateOf = async (): Promise<number> => Number((await server.cli('TIME')).split('\n')[0])
  /** Sets the clock, and sees that it is set. */
  const setTo = async (seconds: number): Promise<void> => {
    set(seconds)
    expect(Math.abs((await dateOf()) - now() - seconds)).toBeLessThan(15)
  }
  const nodes = (await openNodes(2, { url: server.url })) as [State, State]
  return { server, setTo, nodes }
}

const useOnce = (node: State, thing: SingleUse, until: number): Promise<boolean> => node.replays.useOnce(thing, until)

async function firstUse(node: State, until: number): Promise<SingleUse> {
  const thing = newThing()
  await expect.poll(() => useOnce(node, thing, until).catch(() => undefined)).toBe(true)
  return thing
}

function keyOf({ kind, by, at = '', id }: SingleUse): string {
  return names.key('rp', [kind, by, at, id])
}

it('row 18: a server 120 s ahead forgets uses, and whoever has seen them does not', async (context) => {
  const { server, setTo, nodes } = await start(context)
  const [node, other] = nodes
  const until = now() + windowSeconds
  const [thing, nearly] = [await firstUse(node, until), await firstUse(node, until)]
  const unseen = openNode({ url: server.url })
  await unseen.ready()

  await setTo(100) // less than what a use outlives its proof by
  expect(await useOnce(other, nearly, until)).toBe(false)
  await setTo(121)
  expect(await server.cli('EXISTS', keyOf(thing), keyOf(nearly))).toBe('0')
  expect(await useOnce(node, thing, until)).toBe(false)
  expect(await useOnce(other, nearly, until)).toBe(false)
  // Who has not seen it takes it for new: so much is lost where nobody watches the clock of a server.
  expect(await useOnce(unseen, thing, until)).toBe(true)
  report('row 18: +100 s refused by the server, +121 s by the nodes that saw it; one that did not took it')
})

it.for([120, -600])(
  'row 18: a server whose clock is set by %i s loses no revocation and no use',
  async (seconds, context) => {
    const events = stateEvents()
    const { server, setTo, nodes } = await start(context)
    const [node, other] = nodes
    const until = now() + 900
    const thing = await firstUse(node, until)
    const ids: string[] = []
    const expectKnown = async (jti: string): Promise<void> => {
      await node.revoke({ jti }, { until })
      await expect.poll(() => other.isRevoked(tokenWith(jti))).toBe(true)
      ids.push((await server.cli('XREVRANGE', log, '+', '-', 'COUNT', '1')).split('\n')[0] ?? '')
    }
    await expectKnown('before')
    await setTo(seconds)
    await expectKnown('during')
    const late = openNode({ url: server.url })
    await late.ready()
    await setTo(0)
    await expectKnown('after')
    expect(ids.toSorted((one, another) => compareIds(one, another))).toEqual(ids)
    for (const each of [node, other, late]) {
      for (const jti of ['before', 'during', 'after'])
        await expect.poll(() => each.isRevoked(tokenWith(jti))).toBe(true)
      expect(each.isRevoked(tokenWith('clean'))).toBe(false)
      expect(await useOnce(each, thing, until)).toBe(false)
    }
    expect(events.map(({ outcome }) => outcome).filter((each) => each !== 'connected')).toEqual([
      'ready',
      'ready',
      'ready',
    ])
    report(`row 18: server set by ${seconds} s and back: 0 of 3 revocations missing on 3 nodes, no use taken twice`)
  },
)

it.each([300, -300])(
  'row 18: what is used on a node whose clock is wrong by %i s is used everywhere',
  async (ahead) => {
    const server = await startRedis()
    onTestFinished(server.stop)
    const [wrong] = (await openNodes(1, { url: server.url, clock: () => now() + ahead })) as [State]
    const [right] = (await openNodes(1, { url: server.url })) as [State]
    const until = now() + 400
    for (const [one, another] of [
      [wrong, right],
      [right, wrong],
    ] as const) {
      const thing = await firstUse(one, until)
      expect(await useOnce(another, thing, until)).toBe(false)
      const jti = thing.id
      await one.revoke({ jti }, { until: now() + 1 })
      await expect.poll(() => another.isRevoked(tokenWith(jti))).toBe(true)
      expect(one.isRevoked(tokenWith(jti))).toBe(true)
    }
  },
)

it('row 18: a log is not trimmed by the clock of a node', async () => {
  const server = await startRedis()
  onTestFinished(server.stop)
  await using behind = await startNode(server.url, { clock: () => now() - 3_000 })
  await using ahead = await startNode(server.url, { clock: () => now() + 3_000 })
  const past = Array.from({ length: 1_600 }, (_, i) =>
    written({ jti: `past-${i}` }, { count: i + 1, until: now() - 2_000 }),
  )
  // A token of these may still be taken for good, where clocks are tolerated.
  const nearly = written({ jti: 'nearly-past' }, { writer: 'writer-near', until: now() - 200 })
  for (const texts of [[nearly], past])
    await server.cli(
      'EVAL',
      "for _, text in ipairs(ARGV) do redis.call('XADD', KEYS[1], '*', 'e', text) end",
      '1',
      rows,
      ...texts,
    )
  const length = async (): Promise<number> => Number(await server.cli('XLEN', rows))
  await expect.poll(() => behind.revocations.health().revocations).toBe(1_601)
  await behind.revocations.compact(-10)
  expect(await length()).toBe(1_601)
  const compacted = async (): Promise<number> => {
    await ahead.revocations.compact(-10)
    return length()
  }
  await expect.poll(compacted).toBeLessThan(1_200)
  await using right = await startNode(server.url, { clock: now })
  expect(right.revocations.isRevoked(token({ jti: 'nearly-past' }))).toBe(true)
  expect(right.revocations.isRevoked(token({ jti: 'past-0' }))).toBe(false)
})

/** By their milliseconds, then by their numbers. */
function compareIds(one: string, another: string): number {
  const [left, right] = [one, another].map((id) => id.split('-').map(Number)) as [number[], number[]]
  return (left[0] ?? 0) - (right[0] ?? 0) || (left[1] ?? 0) - (right[1] ?? 0)
}
