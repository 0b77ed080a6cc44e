// How the issuer is asked, by what time and for how long; how requests fare is in `verifier-introspection.test.ts`.
import { describe, expect, it } from 'vitest'
import type { ActiveClaims } from './decision.js'
import { type IntrospectedIssuer, OpaqueTokens, type OpaqueTokensParts } from './opaque-tokens.js'
import { MemoryVerdictCache } from './state/memory-verdict-cache.js'

const issuer = 'https://idp.example.com'
const answer = { active: true, iss: issuer, aud: 'api', exp: 1_800_000_600, token_type: 'Bearer' }

/** An issuer that is asked by a `fetch` of the test, with clocks that it sets. */
function ask(fetch: (signal: AbortSignal) => Promise<Response>, timeoutSeconds = 20) {
  const now = { clock: 1_800_000_000, stopwatch: 100 }
  const clock = () => now.clock
  const settings = {
    client: { clientId: 'api', by: 'certificate' },
    endpoint: new URL('https://idp.example.com/introspect'),
    ...{ discoveryUrl: undefined, lifetimeSeconds: 60, inactiveSeconds: 10, timeoutSeconds },
    ...{ isSigned: false, allowsMissingAudience: false },
  } as const
  let asked = 0
  const context = {
    clock,
    stopwatch: () => now.stopwatch,
    fetch: (_url: string, { signal }: { signal: AbortSignal }) => {
      asked += 1
      return fetch(signal)
    },
  }
  const verdicts = new MemoryVerdictCache(clock)
  const parts = { settings, context, verdicts, decrypts: false, maxTokenBytes: 8_192 }
  const tokens = new OpaqueTokens(
    { issuer, rules: {} } as unknown as IntrospectedIssuer,
    parts as unknown as OpaqueTokensParts,
  )
  const find = async (token: string): Promise<ActiveClaims | string> => {
    try {
      return (await tokens.find(token, false)).claims
    } catch (error) {
      return (error as { code: string }).code
    }
  }
  return { now, tokens, find, asked: () => asked }
}

const never = (signal: AbortSignal) =>
  new Promise<Response>((_, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason))
  })

describe('a pause', () => {
  it('is over by the stopwatch, wherever the clock is set', async () => {
    let isAway = true
    const { now, find, asked } = ask(async () => {
      if (isAway) throw new TypeError('fetch failed')
      return Response.json(answer)
    })
    for (let each = 0; each < 6; each++) expect(await find(`t${each}`)).toBe('introspection_unavailable')
    expect(asked()).toBe(5)
    isAway = false
    now.clock += 86_400
    expect(await find('ahead')).toBe('introspection_unavailable')
    expect(asked()).toBe(5)
    now.clock -= 2 * 86_400
    now.stopwatch += 1
    expect(await find('behind')).toMatchObject({ active: true })
  })
})

describe('a question', () => {
  it('ends when the verifier is closed, and so does what was asked of the network', { timeout: 10_000 }, async () => {
    let signal: AbortSignal | undefined
    const { tokens, find } = ask((given) => {
      signal = given
      return never(given)
    })
    const asking = find('opaque')
    await expect.poll(() => signal).toBeDefined()
    tokens.close()
    expect(await asking).toBe('introspection_unavailable')
    expect(signal?.aborted).toBe(true)
  })

  it('waits no longer than the options say', { timeout: 4_000 }, async () => {
    expect(await ask(never, 0.01).find('opaque')).toBe('introspection_unavailable')
  })

  it('is not asked any more once the verifier is closed', async () => {
    const { tokens, find } = ask(async () => Response.json(answer))
    tokens.close()
    expect(await find('opaque')).toBe('introspection_unavailable')
  })
})
