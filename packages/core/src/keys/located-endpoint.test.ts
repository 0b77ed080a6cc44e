import { describe, expect, it } from 'vitest'
import { createTestClock } from '../testing.js'
import { LocatedEndpoint } from './located-endpoint.js'

const context = { fetch, timeoutSeconds: 5, signal: new AbortController().signal }

function createWorld() {
  const clock = createTestClock()
  const world = { asked: 0, isAway: false }
  const endpoint = new LocatedEndpoint(async () => {
    world.asked += 1
    if (world.isAway) throw new Error('away')
    return new URL('https://idp.example.com/introspect')
  }, clock)
  return { clock, world, find: () => endpoint.find(context), endpoint }
}

describe('where an endpoint is', () => {
  it('is asked once for all at a time, and again after an hour', async () => {
    const { clock, world, find } = createWorld()
    await Promise.all([find(), find()])
    clock.advance(3_599)
    await find()
    expect(world.asked).toBe(1)
    clock.advance(1)
    await find()
    expect(world.asked).toBe(2)
  })

  it('is asked again after it was not found, and when it is forgotten', async () => {
    const { world, find, endpoint } = createWorld()
    world.isAway = true
    await expect(find()).rejects.toThrow('away')
    world.isAway = false
    expect((await find()).href).toBe('https://idp.example.com/introspect')
    endpoint.forget()
    await find()
    expect(world.asked).toBe(3)
  })
})
