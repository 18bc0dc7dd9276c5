/**
 * What every script begins with. All keys of a partition have one hash tag, so that a script is one atomic step on one
 * master. Redis takes nothing back: whatever may fail is read and checked before the first write.
 *
 * `KEYS[1]` is the partition's `meta`; those that follow are the keys that are known before. Others are made from the
 * first, as which ones are needed shows on the way.
 * `ARGV[1]` is the time, where the store has a clock of its own; usually it is empty, and the server's clock counts.
 */

/** Of rows, marks and entries. A release reads its predecessor's. */
export const schemaVersion = '1'

/**
 * The fields of a row. Each field of a hash costs some 80 bytes beside its value, so that all facts are one text; what a
 * visit moves (`seen`) and what scripts only carry stand apart. Only ended records have an `end`.
 */
const rowFields = ['facts', 'seen', 'who', 'sealed', 'tokens', 'end'] as const

/** What stands in `facts`, in this order, between spaces; `-` where nothing was given. */
export const factNames = [
  'format',
  'sid',
  'sub',
  'at',
  'told',
  'live',
  'ends',
  'opened',
  'expires',
  'revision',
] as const

/** What stands in `end`. */
export const endNames = ['cause', 'ended', 'settled', 'kept'] as const

/** The server and the clock. Here every script starts. */
export const greeting: string = `
local base = string.sub(KEYS[1], 1, -5)

local function fail(kind, what)
  error('ENDSESSION ' .. kind .. ' ' .. (what or '-') .. ';', 0)
end

local info = redis.pcall('INFO', 'replication')
local role = type(info) == 'string' and string.match(info, 'role:(%a+)')
local replid = role and string.match(info, 'master_replid:(%w+)')
if not replid then fail('unseen') end
if role ~= 'master' then fail('replica') end
-- Shown where min-replicas-to-write is set: a master that nobody hears any more may have been replaced.
if string.match(info, 'min_slaves_good_slaves:(%d+)') == '0' then fail('alone') end

local function clock()
  if ARGV[1] ~= '' then return tonumber(ARGV[1]) end
  local time = redis.call('TIME')
  return tonumber(time[1]) + tonumber(time[2]) / 1000000
end

-- Exact: Lua itself writes only 14 digits.
local function text(number)
  return string.format('%.17g', number)
end

local function hyphen(number)
  return number and text(number) or '-'
end
`

/** The partition. `replid` is new whenever another server, or the same one after a restart, becomes the master. */
export const partition: string = `
local meta = redis.call('HMGET', KEYS[1], 'version', 'epoch', 'head')
if not meta[1] then fail(redis.call('EXISTS', KEYS[1]) == 1 and 'foreign' or 'absent') end
if meta[1] ~= '${schemaVersion}' then fail('version') end
local epoch = (meta[2] or '') .. '-' .. replid

local function spoilt(what)
  fail('spoilt', what)
end

local function number(value, what)
  local found = value and tonumber(value)
  if not found or found ~= found or found == math.huge or found == -math.huge then spoilt(what) end
  return found
end

local head = number(meta[3], 'head')
`

/** A row as it is: whoever gets it checks whether it is whole. */
export const rawRows: string = `
local fields = { ${rowFields.map((field) => `'${field}'`).join(', ')} }

local function rawRow(key)
  local values = redis.call('HMGET', key, unpack(fields))
  if not values[1] and redis.call('EXISTS', key) == 0 then return nil end
  return values
end
`

/** Rows and marks, checked field by field. */
export const rows: string = `

local function optional(value, what)
  if value == '-' then return nil end
  return number(value, what)
end

local function decode(value, what)
  local good, found = pcall(cjson.decode, value)
  if not good or type(found) ~= 'table' then spoilt(what) end
  return found
end

local function readTokens(value)
  if value == '[]' then return {} end
  local tokens = decode(value, 'tokens')
  local count = 0
  for _ in pairs(tokens) do count = count + 1 end
  for _, token in ipairs(tokens) do
    count = count - 1
    if type(token) ~= 'table' or type(token.hash) ~= 'string' then spoilt('tokens') end
    if type(token.expiresAt) ~= 'number' then spoilt('tokens') end
    number(token.expiresAt, 'tokens')
  end
  if count ~= 0 then spoilt('tokens') end
  return tokens
end

local function split(value, count, what)
  local found = {}
  for word in string.gmatch(value or '', '%S+') do found[#found + 1] = word end
  if #found ~= count then spoilt(what) end
  return unpack(found)
end

-- Half of a surrogate pair is text in JavaScript, and an error for this decoder: it is left out here, and stays in the row.
local function withoutHalves(value)
  return (string.gsub(string.gsub(value, '\\\\\\\\', ''), '\\\\u[dD][89a-fA-F]%x%x', ''))
end

local function readWho(value, sid)
  local who = decode(withoutHalves(value), 'who')
  for _, name in ipairs({ 'id', 'iss', 'client', 'sub' }) do
    if type(who[name]) ~= 'string' then spoilt('who') end
  end
  if who.sid ~= nil and type(who.sid) ~= 'string' then spoilt('who') end
  if (sid == '-') ~= (who.sid == nil) then spoilt('who') end
  if who.authTime ~= nil and type(who.authTime) ~= 'number' then spoilt('who') end
  return who
end

-- Nothing where no row is. An ended record has an end, too.
local function readRow(key, isEnded)
  local values = rawRow(key)
  if not values then return nil end
  for index = 1, isEnded and 6 or 5 do
    if not values[index] then spoilt(fields[index]) end
  end
  if string.match(values[1], '^%S+') ~= '${schemaVersion}' then fail('version') end
  local row, _, at, told, live, opened, expires, revision = { values = values }
  _, row.sid, row.sub, at, told, live, row.ends, opened, expires, revision = split(values[1], ${factNames.length}, 'facts')
  row.id = readWho(values[3], row.sid).id
  row.at, row.told = number(at, 'facts'), optional(told, 'facts')
  row.live, row.opened, row.seen = number(live, 'facts'), number(opened, 'facts'), number(values[2], 'seen')
  row.expires, row.revision = number(expires, 'facts'), number(revision, 'facts')
  row.tokens = readTokens(values[5])
  if row.ends ~= 'absolute' and row.ends ~= 'session_expiry' then spoilt('facts') end
  if not string.find(values[4], '^[%w_-]*$') or #values[4] % 4 == 1 then spoilt('sealed') end
  if isEnded then
    local ended, settled, kept
    row.cause, ended, settled, kept = split(values[6], ${endNames.length}, 'end')
    if not string.find(row.cause, '^[%l_]+$') or (settled ~= '0' and settled ~= '1') then spoilt('end') end
    row.ended = number(ended, 'end')
    number(kept, 'end')
  end
  return row
end

local function writeFacts(row)
  return table.concat({ '${schemaVersion}', row.sid, row.sub, text(row.at), hyphen(row.told), text(row.live), row.ends,
    text(row.opened), text(row.expires), text(row.revision) }, ' ')
end

local function writeEnd(cause, ended, settled, kept)
  return table.concat({ cause, text(ended), settled, text(kept) }, ' ')
end

local function readLive(id)
  return readRow(base .. 'live:' .. id, false)
end

local function expiryOf(row, now, limits)
  if row.expires <= now then return row.ends end
  if row.seen + limits.idleSeconds <= now then return 'idle' end
  return nil
end

local function isExpiry(cause)
  return cause == 'idle' or cause == 'absolute' or cause == 'session_expiry'
end

local day = 86400
local function answersUntil(ended, cause, limits)
  return ended + (isExpiry(cause) and day or limits.endedSeconds)
end

local function latestEnd(live, ends, opened, now, limits)
  local absolute = opened + limits.absoluteSeconds
  if now + live < absolute then return now + live, ends end
  return absolute, 'absolute'
end

local function readMark(field)
  local value = redis.call('HGET', base .. 'marks', field)
  if not value then return nil end
  local before, auth, cause, ended, till, authTill =
    string.match(value, '^1 (%S+) (%S+) ([%l_]+) (%S+) (%S+) (%S+)$')
  if not before then spoilt('mark') end
  return {
    value = value, before = optional(before, 'mark'), auth = optional(auth, 'mark'), cause = cause,
    ended = number(ended, 'mark'), till = number(till, 'mark'), authTill = optional(authTill, 'mark'),
  }
end
`

/** `sweep`: what is over goes, a few things at a time. The last step of a call that writes; it cannot fail the call. */
export const writes: string = `
-- These change nothing, and are refused where writes are. The first one is not refused when memory is full, and nothing
-- is after it: for calls that free memory, or need no more. The second one is.
local function startWriting()
  redis.call('DEL', base .. 'nothing')
end

local function startGrowing()
  redis.call('HSET', KEYS[1], 'version', meta[1])
end

local function sweep(now, silentSince, most)
  pcall(function()
    for _, id in ipairs(redis.call('ZRANGEBYSCORE', base .. 'ended-by-keeping', '-inf', text(now), 'LIMIT', 0, most)) do
      local key = base .. 'ended:' .. id
      local facts = redis.pcall('HGET', key, 'facts')
      local sid, sub = string.match(type(facts) == 'string' and facts or '', '^%S+ (%S+) (%S+) ')
      for kind, hash in pairs({ sid = sid, sub = sub }) do
        redis.pcall('ZREM', base .. 'ended-' .. kind .. ':' .. hash, id)
      end
      redis.call('DEL', key)
      redis.pcall('ZREM', base .. 'unsettled', id)
      redis.call('ZREM', base .. 'ended-by-keeping', id)
    end
  end)
  pcall(function()
    for _, field in ipairs(redis.call('ZRANGEBYSCORE', base .. 'marks-by-keeping', '-inf', text(now), 'LIMIT', 0, most)) do
      redis.call('HDEL', base .. 'marks', field)
      redis.call('ZREM', base .. 'marks-by-keeping', field)
    end
  end)
  pcall(function()
    -- From the oldest on only, so that what is left has no gaps.
    local kept
    for _, entry in ipairs(redis.call('XRANGE', base .. 'feed', '-', '+', 'COUNT', most)) do
      local till = tonumber(entry[2][12])
      if not till or till > now then break end
      kept = tonumber(string.match(entry[1], '^0%-(%d+)$')) + 1
    end
    if kept then redis.call('XTRIM', base .. 'feed', 'MINID', '0-' .. text(kept)) end
  end)
  pcall(function()
    local silent = redis.call('ZRANGEBYSCORE', base .. 'followers-by-time', '-inf', text(silentSince), 'LIMIT', 0, most)
    for _, name in ipairs(silent) do
      redis.call('HDEL', base .. 'followers', name)
      redis.call('ZREM', base .. 'followers-by-time', name)
    end
  end)
end
`
