import { describe, expect, it } from 'vitest'
import { ConfigurationError } from '../../errors.js'
import { cel } from './cel.js'

/** What is said of a text, without `cel, line …`; and where. */
function refusal(text: string): { readonly place: string; readonly sentence: string } {
  try {
    cel(text)
  } catch (error) {
    if (!(error instanceof ConfigurationError)) throw error
    const [, place = '', sentence = ''] = /^cel, line (\d+, column \d+): (.+)$/.exec(error.message) ?? []
    return { place, sentence }
  }
  throw new Error(`not refused: ${text}`)
}

describe('what cel() refuses', () => {
  it('names the place in lines and columns, as a reader counts them', () => {
    expect(refusal('claim.x').place).toBe('1, column 1')
    expect(refusal('claims.a &&\r\n  claim.x').place).toBe('2, column 3')
    expect(refusal('claims.a == "😀" && claim.x').place).toBe('1, column 20')
  })

  it.each([
    ['claim.x == "a"', 'there is no `claim`; did you mean claims?'],
    ['req.header["x"] == "a"', '`req` has no field `header`; did you mean headers?'],
    ['isuer("x")', 'there is no `isuer()` in a policy; did you mean issuer?'],
    ['"a" in scope', 'there is no `scope`; did you mean scopes?'],
    ['issuer("a") == true', 'issuer() cannot stand here'],
    ['mtls.headers.x == "a"', '`mtls` has no field `headers`, but thumbprint'],
    ['scope("a")', 'there is no scope() in CEL; write "read:orders" in scopes'],
    ['req == "x"', '`req` alone is nothing; write req.method or req.headers or req.ip'],
    ['params.x.y == "a"', 'a parameter is a string, and has no fields'],
    ['req.headers.x.y == "a"', 'a header is a string, and has no fields'],
    ['scopes.x == "a"', '`scopes` has no fields'],
    ['$x', '"$" means nothing in CEL'],
  ])('a name that is none: %s', (text, sentence) => {
    expect(refusal(text).sentence).toBe(sentence)
  })

  it.each([
    ['claims.x == null', 'null is as good as missing; write !has(claims.x), or has(claims.x)'],
    ['claims.x == [1]', 'a list is not compared as a whole; write "x" in claims.roles'],
    ['claims.x == 9007199254740993', /^9007199254740993 is no number that JSON carries safely/],
    ['claims.x > "a"', '`>` compares claims with numbers, and nothing else'],
    ['params.x > 1', '`>` compares claims with numbers, and nothing else'],
    ['claims.x > claims.y', /^these two cannot be compared/],
    ['params.x', 'a parameter is a string, and no condition; compare it with something'],
    ['req.headers.x', 'a header is a string, and no condition; compare it with something'],
    ['scopes', 'this is no condition; compare it with something'],
    ['scopes == ["a"]', '`scopes` is not compared as a whole; write "…" in scopes'],
    ['claims == "a"', 'only single fields are compared, such as claims.tenant'],
    ['("a" in scopes) == true', /^a condition is not compared with anything/],
    ['claims.x in "abc"', '`in` looks into lists; write in ["…"]'],
    ['claims.x in []', 'oneOf() takes at least one value'],
    ['claims.x in [1, "a"]', 'oneOf() takes values of one type: all strings, all numbers or all booleans'],
    ['"a" in params.x', /^this is no list/],
    ['"a" in req.method', /^this is no list/],
    ['scopes in ["a"]', /^only a single value can be in such a list/],
    ['1 in claims.roles', 'here stands a string, and 1 is none'],
    ['"" in claims.x.split(" ")', 'no word is empty'],
    ['"a" in claims.x.split(",")', /^split\(\) is only for words/],
    ['claims.x in [claims.y]', /^a list holds only what is written in the policy/],
    ['claims.roles[0] == "a"', /^brackets take the name of a field/],
    ['claims.constructor == "a"', '`constructor` is no claim that a policy may read'],
    ['claims.?x == "a"', /write \.orValue\(…\) after it$/],
    ['claims.x.orValue(1) == 1', /^orValue\(\) stands after what need not be there/],
    ['params.?x.orValue("a") == "a"', 'orValue() is only for claims'],
    ['string(claims.?x.orValue(5)) == params.y', 'inside string() the value of orValue() must be a string'],
    ['string(claims.x.split(" ")) == "a"', 'string() takes a claim as it is, without string() and split()'],
    ['"a" in claims.x.split(" ").split(" ")', 'split() takes a claim as it is, without string() and split()'],
    ['string() == "a"', 'string() takes one claim'],
    ['string(claims.x, claims.y) == "a"', 'string() takes one claim'],
    ['claims.?x.orValue() == 1', 'orValue() takes one value'],
    ['claims.?x.orValue(1, 2) == 1', 'orValue() takes one value'],
    ['claims.?x.orValue(claims.y) == 1', /^orValue\(\) holds only what is written in the policy/],
    ['string(params.x) == "a"', 'string() is only for claims'],
    ['claims.x.startsWith("")', 'startsWith() takes a text that is not empty'],
    ['"abc".startsWith(claims.x)', 'startsWith() is for claims, parameters and headers'],
    ['has(claims)', 'has() takes one field, such as has(claims.x)'],
    ['has(claims.?x)', /write \.orValue\(…\) after it$/],
    ['has(claims.x, claims.y)', 'has() takes one field, such as has(claims.x)'],
    ['claims.has(claims.x)', 'has() cannot stand here'],
    ['has(req.ip)', 'has() is for claims, parameters and headers'],
  ])('a comparison without a word: %s', (text, sentence) => {
    expect(refusal(text).sentence).toEqual(typeof sentence === 'string' ? sentence : expect.stringMatching(sentence))
  })

  it.each([
    ['claims.x.matches("a")', /^there are no regular expressions in a policy; write startsWith/],
    ['claims.x.contains("a")', /^there is no contains\(\)/],
    ['size(claims.x) == 1', /^a policy counts nothing/],
    [
      'spiffe("spiffe://prod.example/a")',
      'there is no spiffe() in CEL; write it beside, as { spiffe: … } or spiffe(…)',
    ],
    ['scopes.all(s, s == "a")', /^a policy has no all\(\)/],
    ['scopes.exists(s, s.startsWith("a"))', /^exists\(\) takes only/],
    ['scopes.exists(s, t == "a")', /^exists\(\) takes only/],
    ['scopes.exists("s", s == "a")', /^exists\(\) takes only/],
    ['scopes.exists(claims.s, s == "a")', /^exists\(\) takes only/],
    ['scopes.exists(s)', /^exists\(\) takes only/],
    ['scopes.exists(s, s == "a", s)', /^exists\(\) takes only/],
    ['scopes.exists(s, s == 1)', /^exists\(\) takes only/],
    ['scopes.exists(s, s == claims.x)', /^exists\(\) holds only what is written in the policy/],
    ['params.x.exists(s, s == "a")', 'exists() looks into scopes, roles and claims'],
    ['claims.n + 1 == 2', /^a policy calculates only with constants/],
    ['-claims.n == 2', /^a policy calculates only with constants/],
    ['claims.a ? claims.b : claims.c', /^`\? :` takes a constant condition/],
    ['true ? claims.a : clams.b', 'there is no `clams`; did you mean claims?'],
    ['claims.cnf.jkt != dpop.jkt', /for the opposite write !boundBy\("dpop"\)$/],
    ['claims.cnf.jkt == mtls.thumbprint', /with nothing else: claims\.cnf\["x5t#S256"\] == mtls\.thumbprint/],
    ['string(claims.cnf.jkt) == dpop.jkt', /with nothing else: claims\.cnf\.jkt == dpop\.jkt/],
    ['claims.cnf.?jkt.orValue("x") == dpop.jkt', /with nothing else: claims\.cnf\.jkt == dpop\.jkt/],
    ['mtls.thumbprint == "x"', /with nothing else: claims\.cnf\["x5t#S256"\] == mtls\.thumbprint/],
    ['req.ip == "10.0.0.1"', /write cidr\("10\.20\.0\.0\/16"\)\.containsIP\(req\.ip\)$/],
    ['req.ip in ["10.0.0.1"]', /write cidr\("10\.20\.0\.0\/16"\)\.containsIP\(req\.ip\)$/],
    ['cidr("10.0.0.1").containsIP(req.ip)', 'cidr() takes a range, such as "10.20.0.0/16"'],
    ['cidr("10.0.0.0/33").containsIP(req.ip)', /^req\.ipIn\(\) takes addresses and ranges/],
    ['cidr("10.0.0.0/8").containsIP(claims.ip)', /^containsIP\(\) is written cidr/],
    ['cidr("10.0.0.0/8").containsIP(req.ip, req.ip)', /^containsIP\(\) is written cidr/],
    ['cidr("10.0.0.0/8").containsIP("10.0.0.1")', /^containsIP\(\) is written cidr/],
    ['claims.cidr("10.0.0.0/8").containsIP(req.ip)', /^containsIP\(\) is written cidr/],
    ['string("10.0.0.0/8").containsIP(req.ip)', /^containsIP\(\) is written cidr/],
    ['claims.cidr.containsIP(req.ip)', /^containsIP\(\) is written cidr/],
    ['claims.x.containsIP(req.ip)', /^containsIP\(\) is written cidr/],
    ['req.method == "get"', /^req\.method\(\) takes methods such as 'GET'/],
    ['req.method > "GET"', /^req\.method has no order/],
  ])('what a policy does not do: %s', (text, sentence) => {
    expect(refusal(text).sentence).toMatch(sentence)
  })

  it.each([
    ['now > 5', /^`now` stands in now - claims\.auth_time <= 900/],
    ['now - claims.iat <= 900', /^of all times only that of the authentication/],
    ['now - claims.?auth_time.orValue(0) <= 900', /^of all times only that of the authentication/],
    ['now - claims.auth_time < 900', /^freshness is written with <=/],
    ['now - claims.auth_time <= 900.5', /^freshness is a whole number of seconds/],
    ['now - claims.auth_time <= 0', /^authenticatedWithin\(\) takes a duration/],
    ['now - claims.auth_time <= duration("15 m")', /^duration\(\) takes whole hours, minutes and seconds/],
    ['now - claims.auth_time <= duration("")', /^duration\(\) takes whole hours, minutes and seconds/],
    ['now.getHours("Mars") == 8', /^between\(\) takes a time zone/],
    ['now.getHours() >= 0', 'this holds for every hour: hours go from 0 to 23'],
    ['now.getHours() == 24', 'this hour never comes: hours go from 0 to 23'],
    ['now.getHours() == "8"', 'hours and days are numbers'],
    ['now.getDayOfWeek() == 7', 'this day never comes: days go from 0, Sunday, to 6'],
    ['claims.now.getHours() == 8', /^getHours\(\) is only for now/],
    ['claims.getHours() == 8', /^getHours\(\) is only for now/],
    ['now - claims.a.auth_time <= 900', /^of all times only that of the authentication/],
    ['now - claims.auth_time.a <= 900', /^of all times only that of the authentication/],
    ['now - string(claims.auth_time) <= 900', /^of all times only that of the authentication/],
    ['now - params.auth_time <= 900', 'now - is only for claims'],
    ['claims - claims.auth_time <= 900', /^a policy calculates only with constants/],
    ['now + claims.auth_time <= 900', /^a policy calculates only with constants/],
    ['claims.now - claims.auth_time <= 900', /^a policy calculates only with constants/],
    ['claims.iat.getHours() == 8', /^getHours\(\) is only for now/],
    ['authenticatedWithin("15 minutes")', /^authenticatedWithin\(\) takes a duration/],
    ['authenticatedWithin()', 'authenticatedWithin() takes one string'],
    ['use("a", "b")', 'use() takes one string'],
    ['authenticatedWithin(15)', 'authenticatedWithin() takes strings'],
    ['boundBy("tls")', `boundBy() takes 'dpop' and 'mtls', not "tls"`],
  ])('a time or a word that makes no sense: %s', (text, sentence) => {
    expect(refusal(text).sentence).toEqual(typeof sentence === 'string' ? sentence : expect.stringMatching(sentence))
  })

  it('a value that is no condition', () => {
    for (const text of ['1', '"a"', 'null', '[true]', 'true ? 1 : 2']) {
      expect(refusal(text).sentence).toBe('this is a value, and no condition; compare it with something')
    }
  })

  it('what is no text, or too long, or too much', () => {
    expect(() => cel(undefined as unknown as string)).toThrow(ConfigurationError)
    expect(() => cel('"\ud800" in scopes')).toThrow('cel() takes a text')
    expect(cel(`true${' '.repeat(4_092)}`).kind).toBe('cel')
    expect(() => cel(`true${' '.repeat(4_093)}`)).toThrow('cel() takes at most 4096 characters')
    expect(refusal(`${'!('.repeat(15)}claims.a${')'.repeat(15)}`).sentence).toBe('a policy is nested at most 16 deep')
  })

  it('keeps what it quotes short and on one line', () => {
    expect(refusal(`true """a\n${'b'.repeat(200)}"""`).sentence).toBe(
      `\`"""a\ufffd${'b'.repeat(35)}…\` cannot stand here`,
    )
  })
})
