// Asks a cluster where its slots are. Several nodes are asked together, and most of them are believed.
import { ConfigurationError } from '@sallyport/core'
import { ErrorReply } from 'redis'
import type { ServerAddress } from '../connection-options.js'
import type { Client } from './client-settings.js'
import { mostSaid } from './majority.js'
import { toFault } from './server-errors.js'
import { askOnce } from './single-question.js'
import { parseAddress, readSlotMap, type SlotMap } from './slot-map.js'

const question = ['CLUSTER', 'SLOTS']
const greatestAsked = 5
const askSeconds = 1.5

/** Makes a client of a node, unconnected. */
export type OpenNode = (address: ServerAddress, ended: AbortSignal) => Client

/**
 * Asks some of these nodes, each on a connection of its own: those that there are may be hung.
 *
 * @throws where none of them tells
 */
export async function askForSlots(addresses: readonly string[], open: OpenNode, ended: AbortSignal): Promise<SlotMap> {
  const enough = new AbortController()
  const signal = AbortSignal.any([ended, enough.signal])
  try {
    const asked = shuffled(addresses).slice(0, greatestAsked)
    const maps = asked.map((address) => askNode(parseAddress(address), open, signal))
    return await mostSaid(
      maps,
      ({ fingerprint }) => fingerprint,
      (failure) => failure instanceof ConfigurationError,
    )
  } catch (error) {
    throw error instanceof ConfigurationError ? error : toFault(error, question.join(' '))
  } finally {
    enough.abort()
  }
}

async function askNode(address: ServerAddress, open: OpenNode, ended: AbortSignal): Promise<SlotMap> {
  try {
    const map = readSlotMap(await askOnce((over) => open(address, over), question, askSeconds, ended), address.host)
    if (map.masters.size > 0) return map
  } catch (error) {
    if (error instanceof ErrorReply && error.message.includes('cluster support disabled'))
      throw new ConfigurationError('this Redis is no cluster: use `url` in place of `cluster`')
    throw error
  }
  throw new Error('the node knows no masters')
}

/** So that many processes don't all ask the same ones. */
function shuffled(addresses: readonly string[]): string[] {
  return addresses
    .map((address) => ({ address, order: Math.random() }))
    .toSorted((a, b) => a.order - b.order)
    .map(({ address }) => address)
}
