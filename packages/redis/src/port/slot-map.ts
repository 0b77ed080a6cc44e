// Which master of a cluster has which slots, as `CLUSTER SLOTS` tells it.
import type { ServerAddress } from '../connection-options.js'
import type { Reply } from './redis-port.js'

/** The masters of a cluster. Addresses are `host:port`. */
export interface SlotMap {
  readonly masterOfSlot: (string | undefined)[]
  readonly masters: ReadonlySet<string>
  readonly replicas: ReadonlySet<string>
  /** The same for two answers that say the same of masters. */
  readonly fingerprint: string
}

/** Reads `CLUSTER SLOTS`. @param asked - the host that answered: a node may not know its own */
export function readSlotMap(reply: Reply, asked: string): SlotMap {
  const masterOfSlot: (string | undefined)[] = new Array(16_384)
  const masters = new Set<string>()
  const replicas = new Set<string>()
  let fingerprint = ''
  for (const range of asList(reply)) {
    const [from, to, ...members] = asList(range)
    const [master, ...others] = members.map((member) => nodeAddress(member, asked))
    if (master === undefined || typeof from !== 'number' || typeof to !== 'number') continue
    masters.add(master)
    for (const other of others) if (other !== undefined) replicas.add(other)
    for (let slot = from; slot <= to; slot += 1) masterOfSlot[slot] = master
    fingerprint += `${from}-${to} ${master} `
  }
  return { masterOfSlot, masters, replicas, fingerprint }
}

/** Splits `host:port`, where the host may be an address of IPv6. */
export function parseAddress(address: string): ServerAddress {
  const colon = address.lastIndexOf(':')
  return { host: address.slice(0, colon), port: Number(address.slice(colon + 1)) }
}

/** The opposite of {@link parseAddress}. */
export function formatAddress({ host, port }: ServerAddress): string {
  return `${host}:${port}`
}

function nodeAddress(member: Reply, asked: string): string | undefined {
  const [host, port] = asList(member)
  if (typeof port !== 'number') return undefined
  // Null or nothing: "the one you asked". A question mark: a node that does not know its name yet.
  const isNamed = typeof host === 'string' && host !== '' && host !== '?'
  return formatAddress({ host: isNamed ? host : asked, port })
}

function asList(reply: Reply | undefined): readonly Reply[] {
  return Array.isArray(reply) ? (reply as readonly Reply[]) : []
}
