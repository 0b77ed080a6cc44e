// The tools. Each sees who called: authInfo is what auth has made of the token.
import { McpServer } from '@modelcontextprotocol/sdk/server/mcp.js'
import { z } from 'zod'

export function createServer() {
  const server = new McpServer({ name: 'orders', version: '1.0.0' })

  server.registerTool('list_orders', { description: 'Your orders' }, async ({ authInfo }) => ({
    content: [{ type: 'text', text: `${authInfo.extra.subject} has ordered a portcullis` }],
  }))

  const inputSchema = { id: z.string() }
  server.registerTool(
    'cancel_order',
    { description: 'Cancels an order', inputSchema },
    async ({ id }, { authInfo }) => ({
      content: [{ type: 'text', text: `${authInfo.extra.subject} has cancelled order ${id}` }],
    }),
  )

  return server
}
