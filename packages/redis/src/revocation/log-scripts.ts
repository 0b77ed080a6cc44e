// What is done to a log in one step. Scripts name every key they touch, all in one slot, and never ask a node for the time.
// Whoever can write to Redis can put anything under these names: what is too long, or of another type, is never handed out.
import type { Script } from '../port/redis-port.js'

/**
 * Appends entries and pushes them: each with its place in the log, the id before it, and its own. KEYS: log. ARGV: how many it may hold, the word for publishing, the channel, `each` or
 * `look`, the entries. Answers how many entries the log was given since it is there, or -1 where they do not fit. Without
 * entries it does nothing, which is how a server learns the script before the first revocation.
 */
export const appendScript: Script = {
  lua: `
local most, publish, channel, manner, texts = tonumber(ARGV[1]), ARGV[2], ARGV[3], ARGV[4], #ARGV - 4
if texts == 0 then return 0 end
if redis.call('XLEN', KEYS[1]) + texts > most then return -1 end
local added, ids = 0, { [0] = '0-0' }
local info = redis.pcall('XINFO', 'STREAM', KEYS[1])
for i = 1, #info, 2 do
  if info[i] == 'entries-added' then added = info[i + 1] end
  if info[i] == 'last-generated-id' then ids[0] = info[i + 1] end
end
for i = 1, texts do ids[i] = redis.call('XADD', KEYS[1], '*', 'e', ARGV[4 + i]) end
if manner == 'each' then
  for i = 1, texts do
    redis.call(publish, channel, string.format('%.0f %s %s %s', added + i, ids[i - 1], ids[i], ARGV[4 + i]))
  end
else
  redis.call(publish, channel, manner)
end
return added + texts`,
}

/**
 * Reads rows. KEYS: log, meta, settling. ARGV: the first id and the last, how many. Answers how many entries the log was given,
 * its last id, how many it has, its name, for how many milliseconds it settles, whether it cannot be continued (ids that lie
 * more than a day ahead leave none for the entries to come); and the rows, id and text in turn. What is no name, and no
 * entry, is answered as nothing.
 */
export const readScript: Script = {
  lua: `
local added, last, length, settles = 0, '0-0', 0, redis.call('PTTL', KEYS[3])
local info = redis.pcall('XINFO', 'STREAM', KEYS[1])
if info.err and not string.find(info.err, 'no such key', 1, true) then return info end
for i = 1, #info, 2 do
  if info[i] == 'entries-added' then added = info[i + 1] end
  if info[i] == 'last-generated-id' then last = info[i + 1] end
  if info[i] == 'length' then length = info[i + 1] end
end
local name = redis.pcall('GETRANGE', KEYS[2], 0, 127)
if type(name) == 'table' then
  if not string.find(name.err, 'WRONGTYPE', 1, true) then return name end
  name = ''
end
local today = redis.call('TIME')[1] + 86400
local isEnded = tonumber(string.match(last, '^%d+')) > today * 1000
local reply = { added, last, length, name, settles, isEnded and 1 or 0 }
for _, row in ipairs(redis.call('XRANGE', KEYS[1], ARGV[1], ARGV[2], 'COUNT', ARGV[3])) do
  local id, fields = row[1], row[2]
  local isEntry = #fields == 2 and fields[1] == 'e' and #fields[2] <= 128
  reply[#reply + 1] = id
  reply[#reply + 1] = isEntry and fields[2] or ''
end
return reply`,
}

/**
 * Gives a log its name, which says that it is the same log as before. KEYS: meta, log, settling. ARGV: the name, the word for
 * publishing, the channel, the message, milliseconds, and whose name alone is respected: nothing for everybody's. Where others
 * listen, or a log is there, entries may have been lost and will come back: until then the log counts as settling.
 */
export const foundScript: Script = {
  lua: `
local name = redis.pcall('GETRANGE', KEYS[1], 0, 127)
if type(name) == 'string' and string.find(name, '^1%.[%w_-]+%.[%w_-]+$') then
  if ARGV[6] == '' or string.match(name, '[%w_-]+$') == ARGV[6] then return 0 end
end
redis.call('SET', KEYS[1], ARGV[1])
local heard = redis.call(ARGV[2], ARGV[3], ARGV[4])
if heard > 1 or redis.call('EXISTS', KEYS[2]) == 1 then redis.call('SET', KEYS[3], '1', 'PX', ARGV[5]) end
return 1`,
}

/**
 * Moves what lives of the oldest part of a log to its end, and drops that part. KEYS: lock, log. ARGV: the lock's token, the
 * first id that stays, the entries that live. Answers how many were dropped, or -1 where the lock is somebody else's by now.
 */
export const renewScript: Script = {
  lua: `
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return -1 end
for i = 3, #ARGV do redis.call('XADD', KEYS[2], '*', 'e', ARGV[i]) end
return redis.call('XTRIM', KEYS[2], 'MINID', ARGV[2])`,
}

/**
 * Drops a log that nobody can continue, so that those who know what was in it write it again. KEYS: lock, log, settling. ARGV:
 * the lock's token, or nothing where the lock was somebody else's for too long; milliseconds; `1` where the caller knows all
 * that can be read of it. Answers whether it was dropped.
 */
export const dropScript: Script = {
  lua: `
if ARGV[1] ~= '' and redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
local info, last = redis.pcall('XINFO', 'STREAM', KEYS[2]), '0-0'
if info.err then
  if not string.find(info.err, 'WRONGTYPE', 1, true) then return 0 end
else
  for i = 1, #info, 2 do if info[i] == 'last-generated-id' then last = info[i + 1] end end
  local today = redis.call('TIME')[1] + 86400
  if ARGV[3] ~= '1' or tonumber(string.match(last, '^%d+')) <= today * 1000 then return 0 end
end
redis.call('SET', KEYS[3], '1', 'PX', ARGV[2])
redis.call('PEXPIRE', KEYS[2], 0) -- at once: who may write a log need not have the right to delete it
return 1`,
}

/**
 * Takes a lock. KEYS: lock. ARGV: a token, milliseconds, the longest that anybody takes it for: what stays for longer, or for
 * ever, is no lock. Answers whether it was taken.
 */
export const lockScript: Script = {
  lua: `
local left = redis.call('PTTL', KEYS[1])
if left >= 0 and left <= tonumber(ARGV[3]) then return 0 end
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
return 1`,
}

/** Keeps a lock, or gives it back. KEYS: lock. ARGV: its token, milliseconds. Answers whether it was still ours. */
export const holdScript: Script = {
  lua: `
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
return 1`,
}
