// The types of events that are understood: of the Shared Signals Framework, CAEP and RISC 1.0. A type that is not here takes
// nothing back; the application hears of it.
import type { JsonObject } from '../jose/strict-json.js'

/** What an event means for tokens. */
export type EventMeaning =
  /** A session has ended: its tokens, and where no session is named those of the subject, up to the time of the event. */
  | 'session-ended'
  /** Tokens say what no longer holds: those that were issued up to the time of the event. */
  | 'tokens-outdated'
  /** Somebody is to have nothing that was issued up to now. */
  | 'subject-stopped'
  /** Something about the stream of events: it concerns no token. */
  | 'stream'
  /** The stream will be silent: nobody will be told of what happens. */
  | 'stream-stopped'

interface EventRow {
  readonly name: string
  readonly meaning: (payload: JsonObject) => EventMeaning | undefined
}

const caep = 'https://schemas.openid.net/secevent/caep/event-type/'
const risc = 'https://schemas.openid.net/secevent/risc/event-type/'
const ssf = 'https://schemas.openid.net/secevent/ssf/event-type/'

const always = (meaning: EventMeaning) => () => meaning

const rows: readonly (readonly [base: string, name: string, meaning: EventRow['meaning']])[] = [
  [caep, 'session-revoked', always('session-ended')], // CAEP §3.1
  [caep, 'token-claims-change', always('tokens-outdated')], // CAEP §3.2
  // CAEP §3.3: a credential that is added or renewed takes nothing from those who had one.
  [
    caep,
    'credential-change',
    ({ change_type: type }) => (type === 'revoke' || type === 'delete' ? 'subject-stopped' : undefined),
  ],
  [risc, 'account-disabled', always('subject-stopped')],
  [risc, 'account-purged', always('subject-stopped')],
  [risc, 'credential-compromise', always('subject-stopped')],
  [risc, 'sessions-revoked', always('session-ended')], // deprecated for CAEP's
  [ssf, 'verification', always('stream')],
  [ssf, 'stream-updated', ({ status }) => (status === 'paused' || status === 'disabled' ? 'stream-stopped' : 'stream')],
]

const table: ReadonlyMap<string, EventRow> = new Map(
  rows.map(([base, name, meaning]) => [base + name, { name, meaning }]),
)

/** The short name of a type that is understood, fit for an event of ours; `undefined` for any other. */
export function eventName(type: string): string | undefined {
  return table.get(type)?.name
}

/** What an event means for tokens; `undefined` where that is nothing, or not understood. */
export function meaningOf(type: string, payload: JsonObject): EventMeaning | undefined {
  return table.get(type)?.meaning(payload)
}
