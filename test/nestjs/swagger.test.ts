// OpenAPI: an operation that @Auth marks says that it needs a token.
import { Controller, Get } from '@nestjs/common'
import { ApiSecurity, DocumentBuilder, SwaggerModule } from '@nestjs/swagger'
import { Auth, OptionalAuth, Public, scope } from '@sallyport/nestjs'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createNest, type KnownIssuer, knownIssuer, moduleOf } from './served-nest.js'

@Controller('plain')
class Plain {
  @Auth() @Get('any') any() {}
  @Auth(scope('a')) @Get('scoped') scoped() {}
  @Get('silent') silent() {}
  @Public() @Get('public') open() {}
  @OptionalAuth() @Get('optional') optional() {}
}

@Auth(scope('a'))
@Controller('guarded')
class Guarded {
  @Get('silent') silent() {}
  @Auth(scope('b')) @Get('scoped') scoped() {}
  @Public() @Get('public') open() {}
  @OptionalAuth() @Get('optional') optional() {}
}

@Controller('own')
class Own {
  @Auth() @ApiSecurity('oauth2', ['a']) @Get('above') above() {}
  @ApiSecurity('oauth2', ['a']) @Auth() @Get('below') below() {}
  @Auth(scope('a')) @Auth(scope('b')) @Get('twice') twice() {}
}

let known: KnownIssuer
let security: Record<string, unknown>
beforeAll(async () => {
  known = await knownIssuer()
  const app = await createNest(moduleOf({ imports: [known.authModule()], controllers: [Plain, Guarded, Own] }))
  const document = SwaggerModule.createDocument(app, new DocumentBuilder().addBearerAuth().build())
  security = Object.fromEntries(
    Object.entries(document.paths).map(([path, operations]) => [
      path,
      (operations as { get: { security?: unknown } }).get.security,
    ]),
  )
  await app.close()
})
afterAll(() => known[Symbol.asyncDispose]())

const bearer = [{ bearer: [] }]

describe('the security requirement of an operation', () => {
  it.each([
    ['/plain/any', bearer],
    ['/plain/scoped', bearer],
    ['/guarded/silent', bearer],
    ['/own/twice', bearer],
  ])('is there where @Auth is: %s', (path, expected) => {
    expect(security[path]).toEqual(expected)
  })

  it('is no other where class and method both have it', () => {
    expect(new Set((security['/guarded/scoped'] as object[]).map((each) => JSON.stringify(each)))).toEqual(
      new Set(['{"bearer":[]}']),
    )
  })

  it.each(['/plain/silent', '/plain/public', '/plain/optional'])('is not there where @Auth is not: %s', (path) => {
    expect(security).toHaveProperty([path])
    expect(security[path]).toBeUndefined()
  })

  it.each(['/guarded/public', '/guarded/optional'])('of a class is shown for all of its methods: %s', (path) => {
    expect(security[path]).toEqual(bearer)
  })

  it.each(['/own/above', '/own/below'])('leaves the others that the application names: %s', (path) => {
    expect(security[path]).toContainEqual({ oauth2: ['a'] })
  })
})
