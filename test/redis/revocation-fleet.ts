// Processes of a fleet, as far as revocations go: each with connections, a memory and a name of its own, on real servers.
import { channel } from 'node:diagnostics_channel'
import type { Revocation, StateEvent, TokenFacts } from '@sallyport/core'
import { judgeRevocation, monotonicClock } from '@sallyport/core/state'
import { expect } from 'vitest'
import type { RedisConnection } from '../../packages/redis/src/options.js'
import { createPort } from '../../packages/redis/src/port/connect.js'
import { encodeEntry } from '../../packages/redis/src/revocation/entry-codec.js'
import { holdScript } from '../../packages/redis/src/revocation/log-scripts.js'
import {
  SharedRevocations,
  type SharedRevocationsParts,
} from '../../packages/redis/src/revocation/shared-revocations.js'
import { RevocationIds } from '../../packages/redis/src/revocation/token-ids.js'
import { KeyNames } from '../../packages/redis/src/sealing/key-names.js'
import { KeyRing } from '../../packages/redis/src/sealing/key-ring.js'
import { scriptDigest } from '../../packages/redis/src/sealing/script-digest.js'
import type { RedisServer } from '../fixtures/redis-servers.js'

const namespace = 'test'
const secret = Buffer.alloc(32, 'the secret of this fleet')

export const log = 'sp1:test:{rv}:log'
export const meta = 'sp1:test:{rv}:meta'
export const push = 'sp1:test:{rv}:push'

/** Noon, some day, when every node begins; its clock goes with its stopwatch. */
export const noon = 1_700_000_000

export interface NodeOptions extends Partial<Omit<SharedRevocationsParts, 'regions' | 'names' | 'ring'>> {
  /** @defaultValue that of the fleet */
  readonly secrets?: readonly Uint8Array[]
  /** How many replicas there are. */
  readonly replicas?: number
  /** Whether to wait until it is ready. @defaultValue true */
  readonly wait?: boolean
}

/** One process. */
export interface FleetNode extends AsyncDisposable {
  readonly revocations: SharedRevocations
  close(): Promise<void>
}

/** Starts one process on one region, or on several by their names: a URL for each. */
export async function startNode(
  where: string | Readonly<Record<string, string>> | { readonly one: RedisConnection },
  { secrets = [secret], replicas = 0, wait = true, stopwatch = monotonicClock, ...options }: NodeOptions = {},
): Promise<FleetNode> {
  const begin = stopwatch()
  const places = placesOf(where)
  const ports = places.map(([name, connection]) => createPort(connection, { strict: false, regionName: name }))
  const ring = new KeyRing(secrets, namespace)
  const revocations = new SharedRevocations({
    regions: ports.map((port, index) => ({ name: places[index]?.[0], port, replicas })),
    names: new KeyNames(ring, namespace),
    ring,
    maxRevocations: 10_000,
    maxStalenessSeconds: 30,
    memory: 'exact',
    startTimeoutSeconds: 25, // machines that run the tests may have much else to do
    clock: () => noon + stopwatch() - begin,
    stopwatch,
    ...options,
  })
  const close = async (): Promise<void> => {
    await revocations.close(1)
    await Promise.all(ports.map((port) => port.close(0.5)))
  }
  const connecting = ports.map((port) => port.connect(5).catch((error: unknown) => error))
  try {
    if (wait) await revocations.ready()
  } catch (error) {
    await close()
    throw error
  }
  void connecting
  return { revocations, close, [Symbol.asyncDispose]: close }
}

function placesOf(where: Parameters<typeof startNode>[0]): readonly [string | undefined, RedisConnection][] {
  if (typeof where === 'string') return [[undefined, { url: where }]]
  if ('one' in where && typeof where.one !== 'string') return [[undefined, where.one]]
  return Object.entries(where as Readonly<Record<string, string>>).map(([name, url]) => [name, { url }])
}

/** A token that was verified. Its facts are one object for as long as a verifier remembers it. */
export function token(claims: Readonly<Record<string, unknown>>, keyId?: string): TokenFacts {
  return {
    issuedClaims: { iat: noon - 60, ...claims },
    issuer: 'https://idp.example.com',
    scopes: [],
    scopesAreKnown: true,
    roles: [],
    rolesAreKnown: true,
    ...(keyId === undefined ? {} : { keyId }),
  }
}

/** An entry as some process of the fleet writes it. */
export function written(
  revocation: Revocation,
  { writer = 'another-one', count = 1, secrets = [secret], until }: WrittenOptions = {},
): string {
  const ring = new KeyRing(secrets, namespace)
  const judged = judgeRevocation(revocation, until === undefined ? undefined : { until }, noon)
  return encodeEntry(ring, { entry: new RevocationIds(ring).entryOf(judged), writer, count })
}

export interface WrittenOptions {
  /** 11 characters. */
  readonly writer?: string
  readonly count?: number
  readonly secrets?: readonly Uint8Array[]
  readonly until?: number
}

/** Writes a row into a log past every node, and tells them that there is something. */
export async function append(server: RedisServer, text: string): Promise<void> {
  await server.cli('XADD', log, '*', 'e', text)
  await server.cli('PUBLISH', push, 'look')
}

/** Resolves once a node has compared a region with what it knows, and given the lock back. */
export async function compared(server: RedisServer): Promise<void> {
  await expect.poll(() => server.cli('SCRIPT', 'EXISTS', scriptDigest(holdScript.lua))).toContain('1')
}

/** What was told about the state since, until disposed. */
export function heardEvents(): StateEvent[] & Disposable {
  const events: StateEvent[] = []
  const listener = (event: unknown): void => void events.push(event as StateEvent)
  channel('sallyport:state').subscribe(listener)
  return Object.assign(events, {
    [Symbol.dispose]: () => void channel('sallyport:state').unsubscribe(listener),
  })
}
