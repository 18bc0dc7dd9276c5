/**
 * What an end does, and what it writes: session/ending.ts and session/effects.ts once more, in Lua, because a call is one
 * step on the server. The two must stay the same: test/contract/redis-same-rules.test.ts plays them against each other.
 * The names are those of the TypeScript.
 */

export const planning: string = `
local function inProviderClock(row, at)
  return (row.told or row.at) + math.max(0, math.ceil(at - row.opened))
end

local function providerTime(record)
  return inProviderClock(record, record.ended)
end

local function providerNow(lists, now)
  local newest
  for _, list in ipairs(lists) do
    for _, row in ipairs(list) do
      local time = inProviderClock(row, now)
      if not newest or time > newest then newest = time end
    end
  end
  return newest or math.floor(now)
end

local function upTo(time, list)
  if not time then return list end
  local found = {}
  for _, row in ipairs(list) do
    if row.at <= time then found[#found + 1] = row end
  end
  return found
end

-- The provider says only that something is over; a person or an admin also asks for the login screen.
local function raiseTo(kind, hash, time, cause)
  return { kind = kind, hash = hash, before = time, auth = cause ~= 'backchannel' and time or nil }
end

local function liveOf(kind, hash)
  local found = {}
  for _, id in ipairs(redis.call('ZRANGE', base .. 'live-' .. kind .. ':' .. hash, 0, -1)) do
    local row = readLive(id)
    if row and row[kind] == hash then found[#found + 1] = row end
  end
  return found
end

local function answering(id, now, limits)
  local row = readRow(base .. 'ended:' .. id, true)
  if row and answersUntil(row.ended, row.cause, limits) > now then return row end
  return nil
end

-- The newest thousand: who logs in and out all day long must not hold the server with one more logout.
local function endedOf(kind, hash, now, limits)
  local found, index = {}, base .. 'ended-' .. kind .. ':' .. hash
  for _, id in ipairs(redis.call('ZREVRANGEBYSCORE', index, '+inf', '(' .. text(now), 'LIMIT', 0, 1000)) do
    local row = answering(id, now, limits)
    if row and row[kind] == hash then found[#found + 1] = row end
  end
  return found
end

local function emptyPlan()
  return { ends = {}, repeats = {}, raises = {}, tokens = {} }
end

local function planById(selector, cause, now, limits)
  local plan = emptyPlan()
  local live = readLive(selector.id)
  local ended = not live and answering(selector.id, now, limits) or nil
  local record = live or ended
  if not record then return plan end
  if live then plan.ends = { live } else plan.repeats = { ended } end
  if not selector.sid then return plan end

  if record.sid == '-' then
    if cause ~= 'device' and cause ~= 'admin' then return plan end
    local auth = ended and providerTime(ended) or providerNow({ { record } }, now)
    plan.raises = { { kind = 'sub', hash = record.sub, auth = auth } }
    return plan
  end
  local siblings = liveOf('sid', record.sid)
  local named = not live
  for _, row in ipairs(siblings) do named = named or row.id == live.id end
  if not named then siblings[#siblings + 1] = live end
  local time = ended and providerTime(ended) or providerNow({ siblings }, now)
  plan.ends = ended and upTo(time, siblings) or siblings
  plan.raises = { raiseTo('sid', record.sid, time, cause) }
  return plan
end

local function planBySid(selector, cause, now, limits)
  local plan = emptyPlan()
  local held = liveOf('sid', selector.hash)
  local before = endedOf('sid', selector.hash, now, limits)
  local strays = {}
  if selector.subHash then
    for _, list in ipairs({ held, before }) do
      for _, row in ipairs(list) do
        if row.sub ~= selector.subHash then return plan end
      end
    end
    for _, row in ipairs(liveOf('sub', selector.subHash)) do
      if row.sid == '-' then strays[#strays + 1] = row end
    end
  end
  local sidTime = selector.before and selector.before + (selector.slackSeconds or 0) or nil
  for _, row in ipairs(upTo(sidTime, held)) do plan.ends[#plan.ends + 1] = row end
  for _, row in ipairs(upTo(selector.before, strays)) do plan.ends[#plan.ends + 1] = row end
  plan.repeats = upTo(sidTime, before)
  local time = sidTime or providerNow({ plan.ends, plan.repeats }, now)
  plan.raises = { raiseTo('sid', selector.hash, time, cause) }
  return plan
end

local function planBySub(selector, cause, now, limits)
  local plan = emptyPlan()
  plan.ends = upTo(selector.before, liveOf('sub', selector.hash))
  plan.repeats = upTo(selector.before, endedOf('sub', selector.hash, now, limits))
  local time = selector.before or providerNow({ plan.ends, plan.repeats }, now)
  plan.raises = { raiseTo('sub', selector.hash, time, cause) }
  return plan
end

local function planEnd(selector, cause, now, limits)
  if selector.by == 'id' then return planById(selector, cause, now, limits) end
  if selector.by == 'sid' then return planBySid(selector, cause, now, limits) end
  if selector.by == 'sub' then return planBySub(selector, cause, now, limits) end
  local plan = emptyPlan()
  plan.repeats = { answering(selector.id, now, limits) }
  plan.tokens = selector.tokens
  return plan
end
`

export const applying: string = `
local function highest(a, b)
  if a and b then return math.max(a, b) end
  return a or b
end

local function raised(old, raise, cause, now, limits)
  local before = highest(old.before, raise.before)
  local auth = highest(old.auth, raise.auth)
  if before == old.before and auth == old.auth then return nil end
  local till = math.max(now + limits.absoluteSeconds + limits.accessTokenSeconds, limits.marksUntil or 0)
  local authTill = auth and now + limits.reauthSeconds or nil
  return { field = raise.kind .. ':' .. raise.hash, before = before, auth = auth, till = till, authTill = authTill }
end

local function latest(tokens)
  local till = 0
  for _, token in ipairs(tokens) do till = math.max(till, token.expiresAt) end
  return till
end

local function hashes(tokens)
  local found = {}
  for _, token in ipairs(tokens) do found[#found + 1] = token.hash end
  return #found == 0 and '[]' or cjson.encode(found)
end

-- Errors out where a key that is about to be written holds something else.
local function checkKeys(ends)
  for _, name in ipairs({ 'live-by-expiry', 'live-by-use', 'ended-by-keeping', 'unsettled', 'marks-by-keeping' }) do
    redis.call('ZCARD', base .. name)
  end
  redis.call('HLEN', base .. 'marks')
  redis.call('XLEN', base .. 'feed')
  for _, row in ipairs(ends) do
    redis.call('EXISTS', base .. 'ended:' .. row.id)
    for _, state in ipairs({ 'live-', 'ended-' }) do
      redis.call('ZCARD', base .. state .. 'sub:' .. row.sub)
      if row.sid ~= '-' then redis.call('ZCARD', base .. state .. 'sid:' .. row.sid) end
    end
  end
end

local function append(kind, key, tokens, before, cause, till)
  head = head + 1
  redis.call('XADD', base .. 'feed', '0-' .. text(head), 'kind', kind, 'key', key, 'tokens', tokens,
    'before', hyphen(before), 'cause', cause, 'until', text(till))
end

local function putMark(mark, cause, now)
  local value = table.concat({ '1', hyphen(mark.before), hyphen(mark.auth), cause, text(now), text(mark.till),
    hyphen(mark.authTill) }, ' ')
  redis.call('HSET', base .. 'marks', mark.field, value)
  -- Only upwards, so that nobody who is reading them in this order misses one.
  redis.call('ZADD', base .. 'marks-by-keeping', 'GT', text(math.max(mark.till, mark.authTill or 0)), mark.field)
end

local function putEnded(row, cause, now, limits)
  local answers = answersUntil(now, cause, limits)
  local kept = math.max(answers, now + day)
  local key = base .. 'ended:' .. row.id
  redis.call('RENAME', base .. 'live:' .. row.id, key)
  row.values[6] = writeEnd(cause, now, '0', kept)
  redis.call('HSET', key, 'end', row.values[6])
  for _, kind in ipairs({ 'sid', 'sub' }) do
    if row[kind] ~= '-' then
      redis.call('ZREM', base .. 'live-' .. kind .. ':' .. row[kind], row.id)
      redis.call('ZADD', base .. 'ended-' .. kind .. ':' .. row[kind], text(answers), row.id)
    end
  end
  redis.call('ZREM', base .. 'live-by-expiry', row.id)
  redis.call('ZREM', base .. 'live-by-use', row.id)
  redis.call('ZADD', base .. 'ended-by-keeping', text(kept), row.id)
  redis.call('ZADD', base .. 'unsettled', text(now), row.id)
end

-- Looks up all that it needs, then writes: marks, entries, records. Answers the rows that ended, and those that had.
local function apply(selector, cause, now, limits, start)
  local plan = planEnd(selector, cause, now, limits)
  local raises, marks, entries = {}, {}, {}
  for _, raise in ipairs(plan.raises) do
    local old = readMark(raise.kind .. ':' .. raise.hash) or {}
    local mark = raised(old, raise, cause, now, limits)
    if mark then
      marks[#marks + 1] = mark
      if mark.before ~= old.before then entries[#entries + 1] = { raise.kind, raise.hash, '[]', mark.before, mark.till } end
    end
  end
  local tokens = {}
  for _, row in ipairs(plan.ends) do
    local till = math.max(row.expires, now + limits.endedSeconds, latest(row.tokens), limits.marksUntil or 0)
    marks[#marks + 1] = { field = 'id:' .. row.id, till = till }
    entries[#entries + 1] = { 'id', row.id, hashes(row.tokens), nil, till }
    for _, token in ipairs(row.tokens) do tokens[#tokens + 1] = token end
  end
  for _, token in ipairs(plan.tokens) do tokens[#tokens + 1] = token end
  for _, token in ipairs(tokens) do
    local old = readMark('token:' .. token.hash)
    marks[#marks + 1] = { field = 'token:' .. token.hash, till = math.max(token.expiresAt, old and old.till or 0) }
  end
  if #plan.tokens > 0 then entries[#entries + 1] = { '-', '-', hashes(plan.tokens), nil, latest(plan.tokens) } end

  checkKeys(plan.ends)
  start()
  -- First: a feed that is ahead of its head refuses, and then nothing is done.
  for _, entry in ipairs(entries) do append(entry[1], entry[2], entry[3], entry[4], cause, entry[5]) end
  if #entries > 0 then redis.call('HSET', KEYS[1], 'head', text(head)) end
  for _, mark in ipairs(marks) do putMark(mark, cause, now) end
  for _, row in ipairs(plan.ends) do putEnded(row, cause, now, limits) end
  return plan.ends, plan.repeats
end
`
