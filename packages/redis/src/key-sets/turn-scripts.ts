// Whose turn it is to ask an issuer, decided in one step each. All keys of a script are of one slot. Serials and the budget
// count microseconds of the server's clock: the one clock that a fleet has in common.
import type { Script } from '../port/redis-port.js'

/** Of a stored document with its serial. What is larger is none of ours, and not read to its end. */
export const greatestStoredBytes = 1_048_576
/** A lock that stays for longer was not set by {@link claimScript}, and holds nobody up. */
export const leaseMs = 3_000

/**
 * Of a lock or a budget: more than either has. What is longer is none of ours, equal to none of ours, and not read to its end.
 */
const textOf = (key: string): string => `redis.call('GETRANGE', ${key}, 0, 63)`

/** How a document is stored: its serial, and the seal. The serial in the seal is the one that counts for readers. */
const stored = `
local stored = redis.call('GETRANGE', KEYS[1], 0, ${greatestStoredBytes})
local serial = string.match(stored, '^(%d+) ') or '0'`

/**
 * KEYS: document, lock, budget. ARGV: the serial that was seen (`0` for none), the token of a lock, `1` where it is for the sake
 * of an unknown key id, how long a quiet time is, and the spacings. Answers one of
 *
 * - `stored`, document: another one than was seen
 * - `taken`, lock: somebody asks at this moment
 * - `wait`, microseconds: the budget allows it then
 * - `own`, lock: the caller asks now
 *
 * Asked twice with one token, it answers the same, so an answer that was lost can be asked for again.
 */
export const claimScript: Script = {
  lua: `${stored}
if serial ~= ARGV[1] then return { 'stored', stored } end
local left = redis.call('PTTL', KEYS[2])
if left >= 0 and left <= ${leaseMs} then
  local held = ${textOf('KEYS[2]')}
  return { string.match(held, ' (%S+)$') == ARGV[2] and 'own' or 'taken', held }
end
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
if ARGV[3] == '1' then
  local spent, last = string.match(${textOf('KEYS[3]')}, '^(%d%d?) (%d+)$')
  spent, last = tonumber(spent or 0), math.min(tonumber(last or 0), now)
  local spacing = tonumber(ARGV[4 + math.min(spent, #ARGV - 4)])
  if spent > 0 and now < last + spacing then return { 'wait', string.format('%.0f', last + spacing - now) } end
  redis.call('SET', KEYS[3], string.format('%d %.0f', math.min(spent + 1, 99), now), 'PX', ARGV[4])
end
local before = tonumber(serial)
if before >= now and before < now + 3600000000 then now = before + 1 end
local lock = string.format('%.0f ', now) .. ARGV[2]
redis.call('SET', KEYS[2], lock, 'PX', ${leaseMs})
return { 'own', lock }`,
}

/**
 * Stores what the holder of a lock has fetched, and gives the lock back. KEYS: document, lock, budget. ARGV: the lock, its
 * serial, the seal, how long it stays, `1` for other keys than before, the word for publishing, the channel. Answers whether
 * the lock was still held. INVARIANT: who holds the lock has the greatest serial, so no document is replaced by an older one.
 */
export const storeScript: Script = {
  lua: `
if ${textOf('KEYS[2]')} ~= ARGV[1] then return 0 end
redis.call('SET', KEYS[1], ARGV[2] .. ' ' .. ARGV[3], 'PX', ARGV[4])
redis.call('DEL', KEYS[2])
if ARGV[5] == '1' then redis.call('DEL', KEYS[3]) end
redis.call(ARGV[6], ARGV[7], ARGV[2] .. ' ' .. ARGV[5])
return 1`,
}

/**
 * Gives a lock back after a fetch that failed. KEYS: lock, budget. ARGV: the lock, `1` where the fetch had cost some of the
 * budget: nobody could look, so nothing was found out.
 */
export const releaseScript: Script = {
  lua: `
if ${textOf('KEYS[1]')} ~= ARGV[1] then return 0 end
redis.call('DEL', KEYS[1])
local spent, last = string.match(${textOf('KEYS[2]')}, '^(%d%d?) (%d+)$')
if ARGV[2] == '1' and spent then
  redis.call('SET', KEYS[2], string.format('%d %s', math.max(spent - 1, 0), last), 'KEEPTTL')
end
return 1`,
}

/** Keeps a lock while the fetch is under way. KEYS: lock. ARGV: the lock. */
export const renewScript: Script = {
  lua: `
if ${textOf('KEYS[1]')} ~= ARGV[1] then return 0 end
return redis.call('PEXPIRE', KEYS[1], ${leaseMs})`,
}
