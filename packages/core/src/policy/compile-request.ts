// Where a request comes from, and when.
import { createAddressRanges } from '../addresses.js'
import type { Meaning } from './compiled.js'
import type { Leaf } from './policy.js'
import { createTimeWindow } from './time-window.js'
import { isFalse, isTrue, isUndetermined } from './verdict.js'

export function compileRanges(ranges: readonly string[]): Meaning {
  const contains = createAddressRanges(ranges, 'req.ipIn()')
  return {
    check({ request }) {
      const { clientAddress } = request
      return clientAddress === undefined ? isUndetermined : contains(clientAddress) ? isTrue : isFalse
    },
    why: () => "the client's address is not known: it needs `trustedProxies`",
  }
}

export function compileWindow({ from, to, timeZone, days }: Extract<Leaf, { kind: 'between' }>): Meaning {
  const window = createTimeWindow(from, to, timeZone, days)
  const isDate = (now: number): boolean => Math.abs(now) <= 8.64e12
  return {
    check: ({ now }) => (isDate(now) ? (window.isOpen(now) ? isTrue : isFalse) : isUndetermined),
    changesAt: ({ now }) => window.changesAt(now),
    why: () => 'the clock answers no date',
  }
}
