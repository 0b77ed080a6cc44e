// `15m`: how policies write durations.
import { ConfigurationError } from '../errors.js'

/** A whole number of seconds, minutes, hours or days: `'90s'`, `'15m'`, `'8h'`, `'30d'`. */
export type Duration = `${number}s` | `${number}m` | `${number}h` | `${number}d`

const units = { s: 1, m: 60, h: 3_600, d: 86_400 } as const

/**
 * Seconds of a duration.
 *
 * @throws ConfigurationError
 */
export function parseDuration(text: unknown, what: string): number {
  const [, digits, unit] = (typeof text === 'string' && /^([1-9]\d{0,8})([smhd])$/.exec(text)) || []
  if (digits === undefined) {
    throw new ConfigurationError(
      `${what} takes a duration such as '90s', '15m', '8h' or '30d', not ${typeof text === 'string' ? JSON.stringify(text) : typeof text}`,
    )
  }
  return Number(digits) * units[unit as keyof typeof units]
}

/** The shortest way to write so many seconds. */
export function formatDuration(seconds: number): Duration {
  for (const unit of ['d', 'h', 'm'] as const) if (seconds % units[unit] === 0) return `${seconds / units[unit]}${unit}`
  return `${seconds}s`
}
