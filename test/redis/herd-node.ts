// One process of the herd: a verifier on the state of its fleet. It says what becomes of the tokens that it is sent.
import { createVerifier, VerificationError } from '@sallyport/core'
import { createRedisState } from '@sallyport/redis'

/** What the herd is told. */
export type HerdOrder =
  | { readonly url: string; readonly secret: string; readonly issuer: string; readonly audience: string }
  | { readonly tokens: readonly string[] }

let verify: (token: string) => Promise<unknown>

async function obey(order: HerdOrder): Promise<unknown> {
  if ('tokens' in order) return Promise.all(order.tokens.map((token) => outcomeOf(token)))
  const { url, secret, issuer, audience } = order
  // Machines that run tests may have much else to do.
  const state = createRedisState({ url, secret, startTimeoutSeconds: 60 })
  const verifier = createVerifier({ issuer, audience, state }) // and asks for keys at once
  verify = (token) => verifier.verifyToken(token)
  await state.ready()
  return 'ready'
}

async function outcomeOf(token: string): Promise<string> {
  try {
    await verify(token)
    return 'passed'
  } catch (error) {
    if (error instanceof VerificationError) return error.code
    throw error
  }
}

process.on('message', (order: HerdOrder) => {
  void obey(order).then((answer) => process.send?.(answer))
})
process.send?.('here')
