// The words about the request: what it shows beside its token, and when it comes.
import { createAddressRanges } from '../addresses.js'
import { ConfigurationError } from '../errors.js'
import { didYouMean } from '../option-checks.js'
import { header, type Subject, show } from './comparison.js'
import { type Day, type Expression, make } from './policy.js'
import { parseSpiffePattern } from './spiffe-pattern.js'
import { parseDays, parseTimeOfDay, parseTimeZone } from './time-window.js'
import { requireNames } from './word-checks.js'

/** What the request shows, beside its token. */
export const req: {
  /** Its method is one of these, in capitals: `req.method('GET', 'HEAD')`. @throws ConfigurationError */
  method(...methods: readonly string[]): Expression
  /** A header that it carries exactly once. It is as true as whoever wrote it. @throws ConfigurationError */
  header(name: string): Subject
  /** The client's address lies in one of these ranges (CIDR). Needs `trustedProxies`, or it is undetermined. @throws ConfigurationError */
  ipIn(...ranges: readonly string[]): Expression
} = Object.freeze({
  method(...methods) {
    for (const method of requireNames('req.method()', methods)) {
      if (!/^[A-Z][A-Z-]*$/.test(method))
        throw new ConfigurationError(`req.method() takes methods such as 'GET', not ${show(method)}`)
    }
    return make({ kind: 'method', methods: Object.freeze([...new Set(methods)]) })
  },
  header,
  ipIn(...ranges) {
    createAddressRanges(requireNames('req.ipIn()', ranges), 'req.ipIn()')
    return make({ kind: 'ipIn', ranges: Object.freeze([...new Set(ranges)]) })
  },
})

/**
 * One of these workloads calls: of a JWT-SVID its subject, otherwise who the certificate of the connection names. In a pattern, a segment
 * of the path may be `*`, which is any one, and the last one `**`, which is any from there on:
 * `spiffe('spiffe://prod.example/ns/*\/sa/orders')`. Undetermined where no workload has proven who it is. Needs the option `spiffe`.
 *
 * @throws ConfigurationError
 * @see https://github.com/spiffe/spiffe/blob/main/standards/SPIFFE-ID.md
 */
export function spiffe(...patterns: readonly string[]): Expression {
  for (const pattern of requireNames('spiffe()', patterns)) {
    if (parseSpiffePattern(pattern) === undefined)
      throw new ConfigurationError(
        `spiffe() takes SPIFFE IDs such as 'spiffe://prod.example/ns/*/sa/orders', not ${show(pattern)}`,
      )
  }
  return make({ kind: 'spiffe', patterns: Object.freeze([...new Set(patterns)]) })
}

/** What {@link between} takes beside the hours. */
export interface BetweenOptions {
  /** A time zone of the IANA database. @defaultValue `'UTC'` */
  readonly tz?: string
  /** The days on which the window opens: `'Mon-Fri'`, `'Sat,Sun'` or a list. @defaultValue every day */
  readonly days?: string | readonly Day[]
}

/**
 * It is now between these times of the day, the first included, the second not. `between('22:00', '06:00')` goes over
 * midnight.
 *
 * @throws ConfigurationError
 */
export function between(from: string, to: string, options: BetweenOptions = {}): Expression {
  if (typeof options !== 'object' || options === null)
    throw new ConfigurationError('between() takes { tz, days } after the hours')
  const { tz = 'UTC', days, ...rest } = options
  const [unknown] = Object.keys(rest)
  if (unknown !== undefined)
    throw new ConfigurationError(`between() has no option \`${unknown}\`${didYouMean(unknown, ['tz', 'days'])}`)
  if (parseTimeOfDay(from) === parseTimeOfDay(to) || from === '24:00') {
    throw new ConfigurationError(
      `between('${from}', '${to}') is no time at all; for whole days say between('00:00', '24:00')`,
    )
  }
  return make({ kind: 'between', from, to, timeZone: parseTimeZone(tz), days: parseDays(days) })
}
