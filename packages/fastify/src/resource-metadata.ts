// What the API says of itself (RFC 9728), served by a route of its own: public, and where the metadata have to be.
import { ConfigurationError, type Verifier } from '@sallyport/core'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'

/** Adds the route, where there are metadata. @throws ConfigurationError below a prefix, where nobody would look for them */
export function serveMetadata(app: FastifyInstance, { resourceMetadata }: Verifier<unknown>): void {
  if (resourceMetadata === undefined) return
  if (app.prefix !== '')
    throw new ConfigurationError('`resource` is served at the root: register the plugin where there is no prefix')
  const handler = ({ method, url }: FastifyRequest, reply: FastifyReply) => {
    const { status = 404, headers = {}, body = '' } = resourceMetadata.answer(method, url) ?? {}
    return reply.code(status).headers(headers).send(Buffer.from(body)) // for text, Fastify would name a charset
  }
  app.route({ method: ['GET', 'OPTIONS'], url: resourceMetadata.path, config: { auth: false }, handler })
}
