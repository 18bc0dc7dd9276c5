/** One script for each call of the store. */
import { greeting, partition, rawRows, rows, schemaVersion, writes } from './lua-base.ts'
import { applying, planning } from './lua-ending.ts'

const reading = greeting + partition
const writing = reading + rawRows + rows + writes
const ending = writing + planning + applying
const swept = 'sweep(now, now - limits.accessTokenSeconds, 16)'

export type ScriptName =
  | 'now'
  | 'open'
  | 'create'
  | 'get'
  | 'touch'
  | 'update'
  | 'end'
  | 'settle'
  | 'pending'
  | 'covers'
  | 'list'
  | 'claim'
  | 'head'
  | 'feed'
  | 'snapshot'
  | 'follow'
  | 'followers'

export const scripts: Readonly<Record<ScriptName, string>> = {
  now: `${greeting}
return text(clock())`,

  /** ARGV[2]: the epoch of a new partition. A feed without its partition is of no use to anybody. */
  open: `${greeting}
if redis.call('EXISTS', KEYS[1]) == 0 then
  redis.call('EXISTS', base .. 'feed')
  redis.call('HSET', KEYS[1], 'version', '${schemaVersion}', 'epoch', ARGV[2], 'head', '0')
  redis.call('UNLINK', base .. 'feed')
end
${partition}
if not meta[2] or not string.find(meta[2], '^[%w_-]+$') then spoilt('epoch') end
return 'open'`,

  /** ARGV[2]: the facts, as JSON. ARGV[3] to [5]: `who`, `sealed`, `tokens`. Answers `created`, `mark` and that, or `expired`. */
  create: `${ending}
local given = cjson.decode(ARGV[2])
local limits, now = given.limits, clock()

local function alive(mark)
  return mark and mark.till > now
end

local function refuses(mark)
  if mark.before and mark.till > now and mark.before >= given.at then return true end
  if not mark.auth or (mark.authTill or 0) <= now then return false end
  if given.auth then return given.auth <= mark.auth end
  return not given.interactive
end

local function refusal()
  local own = readMark('id:' .. given.id)
  if alive(own) then return own end
  for _, id in ipairs(given.startedWith) do
    local mark = readMark('id:' .. id)
    if alive(mark) and mark.cause ~= 'replaced' and not isExpiry(mark.cause) then return mark end
  end
  for _, kind in ipairs({ 'sid', 'sub' }) do
    local mark = given[kind] ~= '-' and readMark(kind .. ':' .. given[kind])
    if mark and refuses(mark) then return mark end
  end
  return nil
end

local mark = refusal()
if mark then return { 'mark', mark.value } end
local held = readLive(given.id)
if held then
  local cause = expiryOf(held, now, limits)
  if not cause then return { 'created' } end
  apply({ by = 'id', id = given.id }, cause, now, limits, startWriting)
  return { 'expired', cause, text(now) }
end
for _, kind in ipairs({ 'sid', 'sub' }) do
  if given[kind] ~= '-' then redis.call('ZCARD', base .. 'live-' .. kind .. ':' .. given[kind]) end
end
given.expires, given.ends = latestEnd(given.live, given.ends, now, now, limits)
given.opened, given.revision = now, 0
local facts = writeFacts(given)
-- What an end would not take is not opened.
readWho(ARGV[3], given.sid)
readTokens(ARGV[5])
if given.replaces then
  apply({ by = 'id', id = given.replaces }, 'replaced', now, limits, startGrowing)
else
  checkKeys({})
end
redis.call('HSET', base .. 'live:' .. given.id, 'facts', facts, 'seen', text(now), 'who', ARGV[3],
  'sealed', ARGV[4], 'tokens', ARGV[5])
for _, kind in ipairs({ 'sid', 'sub' }) do
  if given[kind] ~= '-' then redis.call('ZADD', base .. 'live-' .. kind .. ':' .. given[kind], text(now), given.id) end
end
redis.call('ZADD', base .. 'live-by-expiry', text(given.expires), given.id)
redis.call('ZADD', base .. 'live-by-use', text(now), given.id)
${swept}
return { 'created' }`,

  /** KEYS[2]: the row. */
  get: `${reading}${rawRows}
return { text(clock()), rawRow(KEYS[2]) or false }`,

  touch: `${writing}
local limits, now = cjson.decode(ARGV[2]), clock()
local row = readRow(KEYS[2], false)
if not row or expiryOf(row, now, limits) then return 'gone' end
redis.call('ZCARD', KEYS[3])
local seen = math.max(row.seen, now)
startWriting()
redis.call('HSET', KEYS[2], 'seen', text(seen))
redis.call('ZADD', KEYS[3], text(seen), row.id)
return 'touched'`,

  /** ARGV[2]: revision, limits, `live`, `ends`. ARGV[3], [4]: `sealed` and `tokens`, `-` where they stay. */
  update: `${writing}
local given = cjson.decode(ARGV[2])
local limits, now = given.limits, clock()
local row = readRow(KEYS[2], false)
if not row or expiryOf(row, now, limits) then return 'gone' end
if row.revision ~= given.revision then return 'stale' end
redis.call('ZCARD', KEYS[3])
row.expires, row.ends = latestEnd(given.live or (row.expires - now), given.ends or row.ends, row.opened, now, limits)
row.live, row.revision = given.live or row.live, row.revision + 1
local changes = { 'facts', writeFacts(row) }
local function change(field, value)
  if value == '-' then return end
  changes[#changes + 1] = field
  changes[#changes + 1] = value
end
if ARGV[4] ~= '-' then readTokens(ARGV[4]) end
change('sealed', ARGV[3])
change('tokens', ARGV[4])
startWriting()
redis.call('HSET', KEYS[2], unpack(changes))
redis.call('ZADD', KEYS[3], text(row.expires), row.id)
return 'updated'`,

  /** ARGV[2]: selector, cause, limits. */
  end: `${ending}
local given = cjson.decode(ARGV[2])
local limits, now = given.limits, clock()
local ends, repeats = apply(given.selector, given.cause, now, limits, startWriting)
local answer = { epoch, text(head), {}, {} }
for index, row in ipairs(ends) do answer[3][index] = row.values end
for index, row in ipairs(repeats) do answer[4][index] = row.values end
${swept}
return answer`,

  settle: `${writing}
local limits = cjson.decode(ARGV[2])
local row = readRow(KEYS[2], true)
if not row then return 'gone' end
redis.call('ZCARD', KEYS[3])
redis.call('ZCARD', KEYS[4])
local kept = answersUntil(row.ended, row.cause, limits)
startWriting()
redis.call('HSET', KEYS[2], 'end', writeEnd(row.cause, row.ended, '1', kept))
redis.call('ZADD', KEYS[3], text(kept), row.id)
redis.call('ZREM', KEYS[4], row.id)
return 'settled'`,

  /** ARGV[2]: limits; ARGV[3]: how many. What waits is asked for every now and then: so this sweeps as well. */
  pending: `${writing}
local limits, now = cjson.decode(ARGV[2]), clock()
local expired, unsettled, known = {}, {}, {}
local function collect(index, to)
  for _, id in ipairs(redis.call('ZRANGEBYSCORE', base .. index, '-inf', text(to), 'LIMIT', 0, ARGV[3])) do
    local row = not known[id] and #expired < tonumber(ARGV[3]) and rawRow(base .. 'live:' .. id)
    known[id] = true
    if row then expired[#expired + 1] = row end
  end
end
collect('live-by-expiry', now)
collect('live-by-use', now - limits.idleSeconds)
local longest = math.max(day, limits.endedSeconds)
local waiting = redis.call('ZRANGEBYSCORE', base .. 'unsettled', '(' .. text(now - longest), '+inf', 'LIMIT', 0, ARGV[3])
for _, id in ipairs(waiting) do
  local row = rawRow(base .. 'ended:' .. id)
  if row then unsettled[#unsettled + 1] = row end
end
sweep(now, now - limits.accessTokenSeconds, 200)
return { text(now), expired, unsettled }`,

  /** KEYS[2]: the marks. ARGV[2] on: their names. */
  covers: `${reading}
return { text(clock()), redis.call('HMGET', KEYS[2], unpack(ARGV, 2)) }`,

  /** KEYS[2]: an index of live sessions. */
  list: `${reading}${rawRows}
local found = {}
for _, id in ipairs(redis.call('ZRANGE', KEYS[2], 0, -1)) do
  local row = rawRow(base .. 'live:' .. id)
  if row then found[#found + 1] = row end
end
return { text(clock()), found }`,

  /**
   * KEYS[2]: the claim. ARGV[2]: seconds; ARGV[4]: who asks, so that a client that sends its question again gets the same
   * answer. The value says how long it counts, and for whom; a minute later the key goes by itself.
   */
  claim: `${writing}
local limits, now = cjson.decode(ARGV[3]), clock()
local held = redis.call('GET', KEYS[2])
if held then
  local till, holder = split(held, 2, 'claim')
  if number(till, 'claim') > now then return holder == ARGV[4] and '1' or '0' end
end
local seconds = number(ARGV[2], 'seconds')
redis.call('SET', KEYS[2], text(now + seconds) .. ' ' .. ARGV[4], 'PX', text(60000 + math.ceil(seconds * 1000)))
${swept}
return '1'`,

  head: `${reading}
return { epoch, text(head) }`,

  /** KEYS[2]: the feed. ARGV[2]: the first number; ARGV[3]: how many. */
  feed: `${reading}
return { epoch, text(head), redis.call('XRANGE', KEYS[2], '0-' .. ARGV[2], '+', 'COUNT', ARGV[3]) }`,

  /**
   * KEYS[2], [3]: the marks. ARGV[2]: how many; ARGV[3], [4]: the keeping time and the name of the last one before. Marks only move upwards in this
   * order: one that is there all the time is seen.
   */
  snapshot: `${reading}
local now, key = clock(), KEYS[3]
local from = 0
if ARGV[3] == '' then
  from = redis.call('ZCOUNT', key, '-inf', text(now))
else
  local score = redis.call('ZSCORE', key, ARGV[4])
  if score and tonumber(score) == tonumber(ARGV[3]) then from = redis.call('ZRANK', key, ARGV[4]) + 1
  else from = redis.call('ZCOUNT', key, '-inf', '(' .. ARGV[3]) end
end
local found = {}
local names = redis.call('ZRANGE', key, from, from + tonumber(ARGV[2]) - 1, 'WITHSCORES')
for index = 1, #names, 2 do
  found[#found + 1] = { names[index], names[index + 1], redis.call('HGET', KEYS[2], names[index]) }
end
return { epoch, text(head), text(now), found }`,

  /** KEYS[2], [3]: followers. ARGV[2]: name, position, silence. */
  follow: `${writing}
local now = clock()
redis.call('HLEN', KEYS[2])
redis.call('ZCARD', KEYS[3])
redis.call('HSET', KEYS[2], ARGV[2], text(now) .. ' ' .. ARGV[3])
redis.call('ZADD', KEYS[3], text(now), ARGV[2])
sweep(now, now - tonumber(ARGV[4]), 16)
return 'followed'`,

  followers: `${reading}
local found = {}
for _, name in ipairs(redis.call('ZRANGEBYSCORE', KEYS[3], '(' .. text(clock() - tonumber(ARGV[2])), '+inf')) do
  found[#found + 1] = { name, redis.call('HGET', KEYS[2], name) }
end
return found`,
}
