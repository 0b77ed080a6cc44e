// One import line serves a route file, whatever the framework: each adapter hands out every policy word.
import * as core from '@sallyport/core'
import * as express from '@sallyport/express'
import * as fastify from '@sallyport/fastify'
import * as mcp from '@sallyport/mcp'
import * as nestjs from '@sallyport/nestjs'
import { expect, it } from 'vitest'

const services = ['authzen', 'opa', 'policyService']
const words = [...Object.keys(core.policyKit({})), ...services, 'policyKit', 'policySet', 'loadPolicies'].toSorted()
const wordsOfCore = new Map(Object.entries(core))

it.each<[string, object, readonly string[]]>([
  ['Express', express, ['auth', 'requires', 'resourceMetadata']],
  ['Fastify', fastify, ['default', 'DeniedError']],
  ['MCP', mcp, ['mcpAuth', 'protectedResourceMetadata', 'tokenVerifier']],
  [
    'NestJS',
    nestjs,
    [
      'Auth',
      'AuthGuard',
      'AuthModule',
      'Claim',
      'CurrentAuth',
      'DeniedException',
      'OptionalAuth',
      'Public',
      'VERIFIER',
    ],
  ],
])('those of %s are the words of the core, and no others', (_, adapter, own) => {
  const handedOut = Object.entries(adapter).filter(([name]) => !own.includes(name))
  expect(handedOut.map(([name]) => name).toSorted()).toEqual(words)
  for (const [name, word] of handedOut) expect(word).toBe(wordsOfCore.get(name))
})
