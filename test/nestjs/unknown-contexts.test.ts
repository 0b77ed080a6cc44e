// What is not known here is refused: a kind of context that Nest did not have when this was written, and a handler that no
// class declares.
import { Injectable } from '@nestjs/common'
import { ExternalContextCreator } from '@nestjs/core'
import { ExecutionContextHost } from '@nestjs/core/helpers/execution-context-host.js'
import { Auth, AuthGuard, OptionalAuth, Public } from '@sallyport/nestjs'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createNest, type KnownIssuer, knownIssuer, moduleOf } from './served-nest.js'

@Injectable()
class Commands {
  silent() {
    return 'done'
  }
  @Auth() guarded() {
    return 'done'
  }
  @OptionalAuth() optional() {
    return 'done'
  }
  @Public() open() {
    return 'done'
  }
}

let known: KnownIssuer
let app: Awaited<ReturnType<typeof createNest>>
beforeAll(async () => {
  known = await knownIssuer()
  app = await createNest(moduleOf({ imports: [known.authModule()], providers: [Commands] }))
  await app.init()
})
afterAll(async () => {
  await app.close()
  await known[Symbol.asyncDispose]()
})

/** Calls a method as a library of its own would: through everything that stands before a handler. */
function call(name: keyof Commands, type: string, args: unknown[] = []): Promise<unknown> {
  const commands = app.get(Commands)
  const creator = app.get(ExternalContextCreator)
  const options = { guards: true, interceptors: true, filters: true }
  const handler = creator.create(
    commands,
    commands[name],
    name,
    undefined,
    undefined,
    undefined,
    undefined,
    options,
    type,
  )
  return Promise.resolve(handler(...args))
}

const refused = { name: 'ConfigurationError', message: expect.stringMatching(/"telegram" is not known/) }

describe('a kind of context that nobody has heard of', () => {
  it.each(['silent', 'guarded', 'optional'] as const)('is refused for a handler that is %s', async (name) => {
    await expect(call(name, 'telegram')).rejects.toMatchObject(refused)
    // Not even with a token at the place where another kind has its request.
    const request = { headers: await known.idp.asUser(), rawHeaders: [] }
    await expect(call(name, 'telegram', [request, request, { req: request }])).rejects.toMatchObject(refused)
  })

  it('is let in where anybody is', async () => {
    expect(await call('open', 'telegram')).toBe('done')
  })
})

describe('a kind of context that is known, without what belongs to it', () => {
  it.each(['http', 'graphql', 'rpc', 'ws'])('is refused: %s', async (type) => {
    await expect(call('silent', type)).rejects.toThrow()
    await expect(call('silent', type, [undefined, undefined, undefined])).rejects.toThrow()
    await expect(call('silent', type, [{}, {}, {}])).rejects.toThrow()
    for (const args of [[], [undefined], ['text', 'text', 'text'], [{}, {}, {}]])
      expect(await call('open', type, args)).toBe('done')
  })
})

describe('a handler that no class declares', () => {
  const activate = async (handler: () => unknown, type = Commands) => {
    const request = { headers: await known.idp.asUser(), rawHeaders: [], method: 'GET', url: '/' }
    const context = new ExecutionContextHost([request], type, handler)
    context.setType('http')
    return app.get(AuthGuard).canActivate(context)
  }

  it('is refused, though it comes with a good token', async () => {
    await expect(activate(() => 'done')).rejects.toMatchObject({
      name: 'ConfigurationError',
      message: expect.stringMatching(/Commands declares no such handler/),
    })
    await expect(activate(Object.prototype.toString)).rejects.toThrow(/declares no such handler/)
    await expect(activate(Commands as unknown as () => unknown)).rejects.toThrow(/declares no such handler/)
  })

  it('is let in where it is declared', async () => {
    expect(await activate(Commands.prototype.silent)).toBe(true)
  })
})
