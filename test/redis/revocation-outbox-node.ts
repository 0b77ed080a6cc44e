// A process that revokes, and is ended in the middle of it. It says what it was told.
import { createRedisState } from '@sallyport/redis'

/** What the process is told. */
export interface OutboxOrder {
  readonly regions: Readonly<Record<string, string>>
  readonly secret: string
  readonly outboxFile?: string
  readonly tokens: readonly string[]
  /** Whether it shall end by itself. */
  readonly close: boolean
}

process.once('message', async ({ regions, secret, outboxFile, tokens, close }: OutboxOrder) => {
  const connections = Object.fromEntries(Object.entries(regions).map(([name, url]) => [name, { url }]))
  const [home = ''] = Object.keys(regions)
  const state = createRedisState({
    regions: connections,
    home,
    secret,
    namespace: 'test',
    ...(outboxFile !== undefined && { outboxFile }),
  })
  if (close) await state.ready()
  const made = tokens.map(async (jti) => {
    await state.revoke({ jti }).catch(() => undefined)
    process.send?.(jti)
  })
  if (!close) return
  await Promise.all(made)
  await state.close()
  process.disconnect()
})
process.send?.('here')
