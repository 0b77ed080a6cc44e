// Which tools a message to an MCP server calls: JSON-RPC over POST, one message or a batch of them.
import type { McpRequest } from './protected-resource.js'

/** @returns `undefined` where that cannot be told, because the body was not parsed or is no message */
export function calledTools({ method, body }: McpRequest): readonly string[] | undefined {
  if (method !== 'POST') return [] // the transport takes messages by POST alone
  const tools: string[] = []
  for (const message of Array.isArray(body) ? (body as readonly unknown[]) : [body]) {
    if (!isMessage(message)) return undefined
    if (message.method !== 'tools/call') continue
    const { name } = message.params ?? {}
    if (typeof name !== 'string') return undefined
    tools.push(name)
  }
  return tools
}

interface Message {
  readonly method?: unknown
  readonly params?: { readonly name?: unknown } | null
}

function isMessage(value: unknown): value is Message {
  return typeof value === 'object' && value !== null && Object.hasOwn(value, 'jsonrpc')
}
