// Applications of NestJS on real sockets, and an issuer whose keys they know from the start.
import 'reflect-metadata'
import type { Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { DynamicModule, INestApplication, ModuleMetadata, Type } from '@nestjs/common'
import { Module } from '@nestjs/common'
import { type AbstractHttpAdapter, NestFactory } from '@nestjs/core'
import { ExpressAdapter } from '@nestjs/platform-express'
import { FastifyAdapter } from '@nestjs/platform-fastify'
import type { VerifierOptions } from '@sallyport/core'
import { createTestClock, createTestIssuer, type TestClock, type TestIssuer } from '@sallyport/core/testing'
import { AuthModule } from '@sallyport/nestjs'

/** Makes the HTTP server under Nest. */
export type Platform = () => AbstractHttpAdapter

/** Those that Nest has. */
export const platforms: readonly [on: readonly [string, Platform], fast: readonly [string, Platform]] = [
  ['Express', () => new ExpressAdapter()],
  ['Fastify', () => new FastifyAdapter()],
]

/** An answer: the body is read as JSON where it is some. */
export interface Answer {
  readonly status: number
  readonly headers: Headers
  // biome-ignore lint/suspicious/noExplicitAny: what a server of a test answered
  readonly body: any
}

/** An application that listens on a free loopback port. */
export interface ServedNest extends AsyncDisposable {
  readonly app: INestApplication
  readonly url: string
  get(path: string, headers?: Record<string, string>): Promise<Answer>
  post(path: string, body: unknown, headers?: Record<string, string>): Promise<Answer>
}

/** A module class, made of its parts. */
export function moduleOf(metadata: ModuleMetadata): Type {
  @Module(metadata)
  class App {}
  return App
}

/** What makes an application, in silence and without ending the process. */
export function createNest(
  module: Type | DynamicModule,
  platform: Platform = platforms[0][1],
): Promise<INestApplication> {
  return NestFactory.create<INestApplication>(module, platform(), { logger: false, abortOnError: false })
}

export async function serveNest(
  module: Type | DynamicModule,
  { platform, prepare }: { readonly platform?: Platform | undefined; prepare?(app: INestApplication): unknown } = {},
): Promise<ServedNest> {
  const app = await createNest(module, platform)
  await prepare?.(app)
  return listening(app)
}

/** The same, of an application that is there already. */
export async function listening(app: INestApplication): Promise<ServedNest> {
  await app.listen(0, '127.0.0.1')
  const url = `http://127.0.0.1:${((app.getHttpServer() as Server).address() as AddressInfo).port}`
  const ask = async (path: string, init: RequestInit): Promise<Answer> => {
    const response = await fetch(url + path, init)
    return { status: response.status, headers: response.headers, body: parsed(await response.text()) }
  }
  return {
    app,
    url,
    get: (path, headers = {}) => ask(path, { headers }),
    post: (path, body, headers = {}) =>
      ask(path, {
        method: 'POST',
        headers: { 'content-type': 'application/json', ...headers },
        body: JSON.stringify(body),
      }),
    [Symbol.asyncDispose]: () => app.close(),
  }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return text
  }
}

/** An issuer whose keys are given in the options, so that nothing is fetched. */
export interface KnownIssuer extends AsyncDisposable {
  readonly idp: TestIssuer
  readonly clock: TestClock
  readonly options: VerifierOptions
  /** The module, with these options over the ones above. */
  authModule(options?: Partial<VerifierOptions>): DynamicModule
}

export async function knownIssuer(): Promise<KnownIssuer> {
  const clock = createTestClock()
  const idp = await createTestIssuer({ clock })
  const options = { issuer: idp.issuer, audience: idp.audience, jwks: idp.jwks, clock } as VerifierOptions
  return {
    idp,
    clock,
    options,
    authModule: (more = {}) => AuthModule.forRoot({ ...options, ...more } as VerifierOptions),
    [Symbol.asyncDispose]: () => idp.close(),
  }
}
