// What the API says of itself (RFC 9728), served beside the controllers: no guard stands before it, and no prefix of the
// application.
import type { ServerResponse } from 'node:http'
import { Inject, Injectable, type OnModuleInit } from '@nestjs/common'
import { HttpAdapterHost } from '@nestjs/core'
import type { Verifier } from '@sallyport/core'
import { VERIFIER } from './tokens.js'

/** A request of Express, or of Fastify. */
interface AnyRequest {
  readonly method: string
  readonly originalUrl?: string
  readonly url: string
}

type AnyResponse = ServerResponse | { readonly raw: ServerResponse; hijack(): unknown }

/** Adds the route when the application starts, where there are metadata and it speaks HTTP. */
@Injectable()
export class ResourceMetadataRoute implements OnModuleInit {
  readonly #verifier: Verifier<unknown>
  readonly #host: HttpAdapterHost

  constructor(@Inject(VERIFIER) verifier: Verifier<unknown>, @Inject(HttpAdapterHost) host: HttpAdapterHost) {
    this.#verifier = verifier
    this.#host = host
  }

  onModuleInit(): void {
    const { httpAdapter } = this.#host
    const { resourceMetadata } = this.#verifier
    if (resourceMetadata === undefined || httpAdapter?.getInstance?.() === undefined) return // messages have no metadata
    const answer = ({ method, originalUrl, url }: AnyRequest, response: AnyResponse): void => {
      const { status, headers, body } = resourceMetadata.answer(method, originalUrl ?? url) ?? nothing
      // To the byte: both frameworks would add a charset, which JSON has not (RFC 8259 §11).
      if ('raw' in response) response.hijack()
      const raw = 'raw' in response ? response.raw : response
      raw.writeHead(status, headers).end(body)
    }
    httpAdapter.get(resourceMetadata.path, answer)
    httpAdapter.options(resourceMetadata.path, answer)
  }
}

const nothing = { status: 404, headers: {}, body: '' }
