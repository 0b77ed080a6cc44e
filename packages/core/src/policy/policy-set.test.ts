import { describe, expect, it } from 'vitest'
import { ConfigurationError } from '../errors.js'
import { claim, param } from './comparison.js'
import { compilePolicy } from './compile.js'
import type { NamedPolicy, Policy } from './policy.js'
import { type PolicySet, policySet, requireKnownUses, routeParamsOf } from './policy-set.js'
import { allOf, allow, anyOf, denyAll, not, policy, scope, use } from './words.js'

function refuses(build: () => unknown, message: RegExp | string): void {
  expect(build).toThrow(ConfigurationError)
  expect(build).toThrow(message)
}

const open = policy('open', { allow: allow() })
const shut = policy('shut', { allow: denyAll() })
const using = (name: string, ...names: string[]) => policy(name, { allow: allOf(...names.map(use)) })

describe('policySet', () => {
  it('finds policies by name, in the order in which they came', () => {
    const set = policySet(shut, open)
    expect(set.names).toEqual(['shut', 'open'])
    expect(set.get('open')).toBe(open)
    expect(set.get('other')).toBeUndefined()
    expect(set.get('toString')).toBeUndefined()
    expect([...set]).toEqual([shut, open])
    expect(set.current).toBe(set)
    expect(set.compiled.get('open')).toBe(compilePolicy(open))
    expect(Object.isFrozen(set)).toBe(true)
  })

  it('may be empty', () => expect(policySet().names).toEqual([]))

  it('refuses what is no named policy', () => {
    for (const value of [allow(), scope('a')]) {
      refuses(() => policySet(value as unknown as NamedPolicy), /^policySet\(\) takes named policies/)
    }
    for (const value of [{ ...open }, undefined, null, 'open', [open]]) {
      refuses(() => policySet(value as NamedPolicy), /made by the policy words/)
    }
  })

  it('refuses two policies with one name', () => {
    refuses(() => policySet(open, shut, policy('open', { allow: scope('a') })), /^open: two policies with one name$/)
  })

  it('refuses a name that is not there, with the nearest that is', () => {
    refuses(() => policySet(open, using('a', 'oppen')), 'a: no policy is named oppen; did you mean open?')
    refuses(() => policySet(open, using('a', 'elsewhere')), /^a: no policy is named elsewhere$/)
    refuses(() => policySet(open, policy('a', { allow: allow(), forbid: [not(use('opne'))] })), /did you mean open\?/)
  })

  it('refuses circles, and shows them', () => {
    refuses(() => policySet(using('a', 'a')), /^a uses a: a circle$/)
    refuses(() => policySet(using('a', 'b'), using('b', 'a')), /^a uses b uses a: a circle$/)
    refuses(() => policySet(open, using('a', 'open', 'b'), using('b', 'c'), using('c', 'a')), /^a uses b uses c uses a/)
    refuses(() => policySet(policy('a', { allow: allow(), forbid: [not(use('a'))] })), /a circle$/)
  })

  it('takes what is used twice, which is no circle', () => {
    expect(policySet(using('a', 'b', 'c'), using('b', 'open'), using('c', 'open'), open).names).toHaveLength(4)
  })

  it('counts what is used wherever it is used', () => {
    const wide = policy('wide', { allow: allOf(...Array.from({ length: 250 }, () => allow())) }) // 252 parts
    const more = (parts: number) =>
      policy('a', { allow: allOf(use('wide'), use('wide'), ...Array.from({ length: parts }, () => allow())) })
    expect(policySet(wide, more(4)).names).toHaveLength(2)
    refuses(() => policySet(wide, more(5)), /^a: more than 512 parts, with what it uses$/)
    refuses(() => policySet(more(5), wide), /^a: more than 512 parts/)
  })

  it('refuses a chain that doubles at every link before it has counted', () => {
    const chain = Array.from({ length: 900 }, (_, index) => using(`p${index}`, `p${index + 1}`, `p${index + 1}`))
    refuses(() => policySet(...chain, policy('p900', { allow: allow() })), /more than 512 parts, with what it uses/)
    refuses(() => policySet(...[...chain, policy('p900', { allow: allow() })].reverse()), /^p89\d: more than 512 parts/)
  })

  it('takes 1,024 policies and not one more', () => {
    const many = Array.from({ length: 1_024 }, (_, index) => policy(`p${index}`, { allow: allow() }))
    expect(policySet(...many).names).toHaveLength(1_024)
    refuses(() => policySet(...many, open), /^a set has at most 1024 policies$/)
  })
})

describe('routeParamsOf', () => {
  const set = policySet(
    policy('a', { allow: allOf(use('b'), claim('x').equals(param('one'))) }),
    policy('b', { allow: anyOf(use('c'), use('c')) }),
    policy('c', { allow: param('two').equals(param('one')) }),
  )

  it('finds them in the policy and in what it uses, each once', () => {
    expect(routeParamsOf(set.get('a') as Policy, set).toSorted()).toEqual(['one', 'two'])
    expect(routeParamsOf(anyOf(use('c'), param('three').exists()), set).toSorted()).toEqual(['one', 'three', 'two'])
    expect(routeParamsOf(scope('a'), set)).toEqual([])
  })

  it('knows nothing of what is not there', () => {
    expect(routeParamsOf(use('c'))).toEqual([])
    expect(routeParamsOf(use('d'), set)).toEqual([])
  })

  it('refuses what the words did not make', () => {
    refuses(() => routeParamsOf({ kind: 'always', verdict: 'allow' }), /made by the policy words/)
  })
})

describe('requireKnownUses', () => {
  const source = (current: PolicySet) => ({ current })

  it('lets pass what names nothing, or only what is there', () => {
    expect(requireKnownUses(scope('a'), undefined)).toBeUndefined()
    expect(requireKnownUses(allOf(use('open'), not(use('shut'))), source(policySet(open, shut)))).toBeUndefined()
  })

  it('refuses a name without a set', () => {
    refuses(
      () => requireKnownUses(anyOf(allow(), use('open')), undefined),
      /^use\("open"\) needs the option `policies`$/,
    )
  })

  it('refuses a name that is not there, with the nearest that is', () => {
    refuses(
      () => requireKnownUses(use('opne'), source(policySet(open))),
      /^no policy is named opne; did you mean open\?$/,
    )
    refuses(() => requireKnownUses(anyOf(use('open'), use('x')), source(policySet(open))), /^no policy is named x$/)
  })
})
