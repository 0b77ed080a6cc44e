// What happens to requests beside each other: on one connection, at the same moment, and when their clients go away.

import { createTestIssuer } from '@sallyport/core/testing'
import { expect, it } from 'vitest'
import type { Beginning } from '../../fixtures/served-app.js'
import { answerOf } from '../target.js'
import { type ContractWorld, clock, eventsDuring, expectSame } from '../world.js'

export function connectionCases(world: () => ContractWorld): void {
  it('requests at the same moment don’t know of each other', async () => {
    const { app, bearer } = world()
    const subjects = Array.from({ length: 60 }, (_, index) => (index % 3 === 0 ? undefined : `user-${index}`))
    const lines = await Promise.all(
      subjects.map((sub) => (sub === undefined ? [] : bearer({ sub }).then((line) => [line]))),
    )
    const answers = await Promise.all(lines.map((each) => app.send('GET /me', each)))
    expect(answers.map(({ body, status }) => (status === 200 ? body : status))).toEqual(
      subjects.map((subject) => (subject === undefined ? 401 : answerOf({ subject }))),
    )
  })

  it.each(['in turn', 'at once'] as const)(
    'requests on one connection, %s, are judged each by itself',
    async (pace) => {
      const { app, bearer, expected } = world()
      const garbage = ['Authorization: Bearer x']
      const all = [[await bearer({ sub: 'ann' })], [], garbage, [await bearer({ sub: 'bob' })], []]
      const [ann, nobody, bad, bob, again, ...more] = await app.sendAlong(
        pace,
        all.map((lines) => ['GET /me', lines]),
      )
      if (!ann || !nobody || !bad || !bob || !again) throw new Error('not every request was answered')
      expect([ann.body, bob.body, more]).toEqual([answerOf({ subject: 'ann' }), answerOf({ subject: 'bob' }), []])
      expectSame(nobody, await expected([]))
      expectSame(bad, await expected(garbage))
      expectSame(again, await expected([]))
    },
  )

  it('a request that waits to be told to continue is judged like any other', async () => {
    const { app, bearer, expected } = world()
    const waits = 'Expect: 100-continue'
    expectSame(await app.send('GET /me', [waits], 'hello'), await expected([]))
    const garbage = 'Authorization: Bearer x'
    expectSame(await app.send('GET /me', [garbage, waits], 'hello'), await expected([garbage]))
    const ann = await app.send('GET /me', [await bearer({ sub: 'ann' }), waits], 'hello')
    expect(ann).toMatchObject({ status: 200, body: answerOf({ subject: 'ann' }) })
  })

  it.each<Beginning>(['half a head', 'a head', 'a head and half a body'])(
    'a client that goes away after %s leaves the others alone',
    async (beginning) => {
      const { app, bearer } = world()
      const ann = await bearer({ sub: 'ann' })
      const unhandled = await unhandledDuring(async () => {
        for (const lines of [[ann], [], ['Authorization: Bearer x'], [await bearer()]]) {
          const clients = Array.from({ length: 5 }, () => app.begin(beginning, ['GET /me', lines]))
          const departures = (await Promise.all(clients)).map((leave) => leave())
          expect((await app.send('GET /me', [ann])).status).toBe(200)
          await Promise.all(departures)
        }
        expect((await app.send('GET /me', [ann])).status).toBe(200)
      })
      expect(unhandled).toEqual([])
    },
  )

  it('clients that go away while the keys are fetched leave the others alone', async () => {
    const { target } = world()
    const slow = await createTestIssuer({ clock })
    slow.hang()
    const options = { issuer: slow.issuer, audience: slow.audience, clock }
    const app = await target.serve(options, [{ path: '/me' }, { path: '/health', auth: 'public' }])
    const ann = `Authorization: Bearer ${await slow.issue()}`
    const unhandled = await unhandledDuring(async () => {
      const leave = await app.begin('a head', ['GET /me', [ann]])
      const leaveAmidBody = await app.begin('a head and half a body', ['GET /me', [ann]])
      const staying = app.send('GET /me', [ann])
      expect((await app.send('GET /health')).status).toBe(200)
      await Promise.all([leave(), leaveAmidBody()])
      expect((await app.send('GET /health')).status).toBe(200)
      expect((await app.send('GET /me')).status).toBe(401)
      await slow.close() // whoever waits learns that there are no keys
      expect(JSON.parse((await staying).body)).toMatchObject({ code: 'keys_unavailable' })
      await app.close()
    })
    expect(unhandled).toEqual([])
  })

  it('an app that closes while the keys are fetched ends the fetch, and keeps nobody waiting', async () => {
    const { target } = world()
    const slow = await createTestIssuer({ clock })
    slow.hang()
    const app = await target.serve({ issuer: slow.issuer, audience: slow.audience, clock }, [{ path: '/me' }])
    const unhandled = await unhandledDuring(async () => {
      const leave = await app.begin('a head', ['GET /me', [`Authorization: Bearer ${await slow.issue()}`]])
      expect((await app.send('GET /me')).status).toBe(401)
      const events = await eventsDuring(async () => {
        await app.close()
        await nextTurn()
      })
      expect(events).toMatchObject([{ allowed: false, code: 'keys_unavailable' }])
      await leave()
    })
    await slow.close()
    expect(unhandled).toEqual([])
  })
}

/** Rejections that nobody handled, up to a turn of the event loop after the work. */
async function unhandledDuring(work: () => Promise<unknown>): Promise<readonly unknown[]> {
  const unhandled: unknown[] = []
  const listen = (reason: unknown) => void unhandled.push(reason)
  process.on('unhandledRejection', listen)
  try {
    await work()
    await nextTurn()
  } finally {
    process.off('unhandledRejection', listen)
  }
  return unhandled
}

function nextTurn(): Promise<unknown> {
  return new Promise((resolve) => setImmediate(resolve))
}
