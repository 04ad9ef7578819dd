-- The rules of leases in one project, as one atomic step of Redis (6.2 and 7, Cluster too: all keys have one hash tag).
-- `engine.py` with `turn.py`, `blocking.py` and `ledger.py` says the same for memory: change both, or none.
-- Fences and event ids travel as text: cjson writes numbers with 14 digits only.

local META, SESSIONS, GRANTS, HELD, HELD_BY, WAITERS = KEYS[1], KEYS[2], KEYS[3], KEYS[4], KEYS[5], KEYS[6]
local QUEUE, WAITS_OF, ANSWERS, DUE, UNFINISHED, EVENTS = KEYS[7], KEYS[8], KEYS[9], KEYS[10], KEYS[11], KEYS[12]
local call = cjson.decode(ARGV[1])
local rules, command = call.rules, call.command
local DELAY, FENCES_PER_EPOCH, MAX_BLOCKERS, REMEMBERED_EVENTS = '~', 4294967296, 16, 1000
local redis_call = redis.call

-- Time and counters. Redis's own clock decides for all nodes; it may be put right, but never goes back here, and one
-- call never lets more than `max_step_ms` pass: a clock that jumps ahead would end every lease at once.

local stored = redis_call('HMGET', META, 'epoch', 'run', 'fences', 'numbers', 'clock', 'wall')
local epoch, run, fences, numbers = tonumber(stored[1] or '0'), stored[2], tonumber(stored[3] or '0'), tonumber(stored[4] or '0')

local function wall_time()
  if call.now then return call.now end
  local time = redis_call('TIME')
  return time[1] * 1000 + math.floor(time[2] / 1000)
end

local wall = wall_time()
local passed = math.max(0, math.min(wall - tonumber(stored[6] or wall), rules.max_step_ms))
local now = tonumber(stored[5] or wall) + passed
local budget, events = rules.grants_per_call, {}

local function whole(number) return string.format('%.0f', number) end

-- Records: JSON in hashes, read once per call, with sorted sets as their indices.

local grants, sessions, waiters = {}, {}, {}
local found_before = {}

local function read(cache, key, name)
  if cache[name] == nil then
    local text = redis_call('HGET', key, name)
    cache[name] = text and cjson.decode(text) or false
  end
  return cache[name]
end

local function write(cache, key, name, record)
  cache[name] = record
  redis_call('HSET', key, name, cjson.encode(record))
end

local function erase(cache, key, name)
  cache[name] = false
  redis_call('HDEL', key, name)
end

local function session_of(session) return read(sessions, SESSIONS, session) end
local function grant_at(key) return read(grants, GRANTS, key) end
local function waiter_at(rank) return read(waiters, WAITERS, rank) end
local function key_of(grant) return grant.path .. '|' .. grant.session end
local function set_due(timer, at) redis_call('ZADD', DUE, at, timer) end
local function drop_due(timer) redis_call('ZREM', DUE, timer) end
local function save_grant(grant) write(grants, GRANTS, key_of(grant), grant) end

-- What was found in an index by prefix is found again until the index changes.
local function index(command_name, key, ...)
  found_before[key] = nil
  redis_call(command_name, key, ...)
end

local function starting(key, prefix)
  local before = found_before[key] or {}
  found_before[key] = before
  if not before[prefix] then
    before[prefix] = redis_call('ZRANGEBYLEX', key, '[' .. prefix, '(' .. prefix .. '\255')
  end
  return before[prefix]
end

local function put_grant(grant, due_at)
  save_grant(grant)
  index('ZADD', HELD, 0, key_of(grant))
  index('ZADD', HELD_BY, 0, grant.session .. '|' .. grant.path)
  set_due('g|' .. key_of(grant), due_at)
end

local function drop_grant(grant)
  erase(grants, GRANTS, key_of(grant))
  index('ZREM', HELD, key_of(grant))
  index('ZREM', HELD_BY, grant.session .. '|' .. grant.path)
  drop_due('g|' .. key_of(grant))
end

local function put_waiter(waiter)
  write(waiters, WAITERS, waiter.rank, waiter)
  index('ZADD', QUEUE, 0, waiter.path .. '|' .. waiter.rank)
  index('ZADD', WAITS_OF, 0, waiter.session .. '|' .. waiter.path .. '|' .. waiter.rank)
  set_due('w|' .. waiter.rank, waiter['until'])
end

local function drop_waiter(waiter)
  erase(waiters, WAITERS, waiter.rank)
  index('ZREM', QUEUE, waiter.path .. '|' .. waiter.rank)
  index('ZREM', WAITS_OF, waiter.session .. '|' .. waiter.path .. '|' .. waiter.rank)
  drop_due('w|' .. waiter.rank)
end

-- What the keys of everything that overlaps `path` start with, from the top down.
local function prefixes(path)
  local found, at = {}, string.find(path, '/', 1, true)
  while at do
    found[#found + 1] = string.sub(path, 1, at - 1) .. '|'
    at = string.find(path, '/', at + 1, true)
  end
  found[#found + 1] = path .. '|'
  found[#found + 1] = path .. '/'
  return found
end

-- How many members an index has; of those that start with `prefix`.
local function size(key)
  local before = found_before[key] or {}
  found_before[key] = before
  before.size = before.size or redis_call('ZCARD', key)
  return before.size
end

local function count(key, prefix) return redis_call('ZLEXCOUNT', key, '[' .. prefix, '(' .. prefix .. '\255') end

-- Calls `visit` with each grant that overlaps `path`, until it returns something.
local function each_grant(path, visit)
  for _, prefix in ipairs(prefixes(path)) do
    for _, key in ipairs(starting(HELD, prefix)) do
      local answer = visit(grant_at(key))
      if answer then return answer end
    end
  end
end

-- Their ranks in order, and the path of each.
local function overlapping_ranks(path)
  local ranks, paths = {}, {}
  if size(QUEUE) == 0 then return ranks, paths end
  for _, prefix in ipairs(path == '' and { '' } or prefixes(path)) do
    for _, key in ipairs(starting(QUEUE, prefix)) do
      local wanted, rank = string.match(key, '^(.*)|([^|]+)$')
      ranks[#ranks + 1], paths[rank] = rank, wanted
    end
  end
  table.sort(ranks)
  return ranks, paths
end

local function grants_of(session)
  local found = {}
  for _, member in ipairs(starting(HELD_BY, session .. '|')) do
    local owner, path = string.match(member, '^([^|]*)|(.*)$')
    found[#found + 1] = grant_at(path .. '|' .. owner)
  end
  return found
end

local function waiters_of(session, path)
  local found = {}
  if size(QUEUE) == 0 then return found end
  for _, member in ipairs(starting(WAITS_OF, session .. '|' .. (path and path .. '|' or ''))) do
    found[#found + 1] = waiter_at(string.match(member, '[^|]+$'))
  end
  return found
end

-- Who has to wait for whom.

local function owner(session) return string.sub(session, 1, 1) == DELAY and string.sub(session, 2) or session end

local function conflict(one, other)
  return (one.mode == 'x' or other.mode == 'x') and owner(one.session) ~= owner(other.session)
end

-- Calls `visit` with each grant, then each earlier waiter, that `wish` has to wait for, until it returns something.
local function each_blocker(wish, visit)
  local answer = each_grant(wish.path, function(grant)
    if conflict(wish, grant) then return visit(grant) end
  end)
  if answer then return answer end
  for _, rank in ipairs(overlapping_ranks(wish.path)) do
    if rank >= wish.rank then return nil end
    if conflict(wish, waiter_at(rank)) then
      answer = visit(waiter_at(rank))
      if answer then return answer end
    end
  end
end

local function is_blocked(wish)
  return each_blocker(wish, function() return true end) or false
end

local function covered(wish)
  return each_grant(wish.path, function(grant)
    return grant.session == wish.session and grant.state == 'held' and #grant.path <= #wish.path
      and (wish.mode == 's' or grant.mode == 'x')
  end) or false
end

local function is_wanted(grant)
  for _, rank in ipairs(overlapping_ranks(grant.path)) do
    if conflict(grant, waiter_at(rank)) then return true end
  end
  return false
end

local function overlap(one, other)
  one, other = one .. '/', other .. '/'
  return string.sub(one, 1, #other) == other or string.sub(other, 1, #one) == one
end

-- Calls `visit` with the sessions that wait for what `wish` waits for; those in the last places first.
local function each_waited_for(wish, visit)
  local found = {}
  each_blocker(wish, function(blocker) found[#found + 1] = blocker.session end)
  for at = #found, 1, -1 do
    if visit(found[at]) then return true end
  end
end

local function waits_for(session, wish, explored, visit)
  for _, waiter in ipairs(waiters_of(session)) do
    local queue = waiter.path .. '|' .. waiter.mode
    if waiter.rank >= (explored[queue] or '') then
      explored[queue] = waiter.rank
      if wish.rank < waiter.rank and overlap(wish.path, waiter.path) and conflict(wish, waiter) and visit(wish.session) then
        return true
      end
      if each_waited_for(waiter, visit) then return true end
    end
  end
  return session == wish.session and each_waited_for(wish, visit)
end

local function find_cycle(wish)
  -- For whoever holds nothing, and waits for nothing else, nobody can wait.
  if not starting(HELD_BY, wish.session .. '|')[1] and not starting(WAITS_OF, wish.session .. '|')[1] then return nil end
  local came_from, explored, to_visit, at = {}, {}, { wish.session }, 1
  while to_visit[at] do
    local session = to_visit[at]
    local closed = waits_for(session, wish, explored, function(other)
      if other == wish.session then return true end
      if not came_from[other] then
        came_from[other] = session
        to_visit[#to_visit + 1] = other
      end
    end)
    if closed then
      local way = { session }
      while way[1] ~= wish.session do table.insert(way, 1, came_from[way[1]]) end
      return way
    end
    at = at + 1
  end
end

-- Reading.

local function expires(grant)
  if grant.state ~= 'held' then return grant['until'] end
  return math.max(grant['until'], session_of(grant.session).last + grant.ttl)
end

local function safe(grant)
  local at, session = expires(grant), session_of(grant.session)
  if not session or grant.state ~= 'held' then return at end
  if grant.policy == 'release_if_wanted' then at = math.min(at, session.last + session.grace) end
  return math.min(at, session.last + session.window)
end

local function view(grant)
  return {
    path = grant.path, session = grant.session, user = grant.user, mode = grant.mode, state = grant.state,
    fence = grant.fence, first = grant.first, count = grant.count, policy = grant.policy, ttl = grant.ttl,
    since = grant.since, expires = expires(grant), safe = safe(grant),
  }
end

local function blockers(wish)
  local found = {}
  each_blocker(wish, function(blocker)
    found[#found + 1] = {
      path = blocker.path, session = blocker.session, user = blocker.user, mode = blocker.mode,
      state = blocker.state or 'waiting',
    }
    return #found == MAX_BLOCKERS
  end)
  return found
end

local function position(waiter)
  local before = 1
  for _, rank in ipairs(overlapping_ranks(waiter.path)) do
    if rank < waiter.rank and conflict(waiter, waiter_at(rank)) then before = before + 1 end
  end
  return before
end

-- Telling.

local function number(event)
  numbers = numbers + 1
  event.id = whole(epoch * FENCES_PER_EPOCH + numbers)
  events[#events + 1] = event
end

local function tell(kind, about, reason)
  number({
    kind = kind, session = about.session, user = about.user, path = about.path, mode = about.mode,
    fence = about.fence, reason = reason, left = about.fence and math.max(0, expires(about) - now),
    waited = now - (about.asked or about.since), request = about.request,
  })
end

local function remember(session, request, answer)
  if request == '' then return end
  local key = session .. '|' .. request
  redis_call('HSET', ANSWERS, key, cjson.encode(answer))
  set_due('r|' .. key, answer['until'])
end

local function settle(about, status, reason)
  remember(about.session, about.request,
    { status = status, path = about.path, ['until'] = now + rules.remember_ms, rank = '', reason = reason or '' })
end

-- Granting.

local function next_fence()
  fences = fences + 1
  return whole(epoch * FENCES_PER_EPOCH + fences)
end

-- Whether its session has been silent for so long that others may have it.
local function is_left_alone(grant)
  if grant.state ~= 'held' or grant.policy == 'hold' then return false end
  local session = session_of(grant.session)
  return session.last + session.grace <= now
end

local function next_look(grant)
  if grant.state ~= 'held' or grant.policy == 'hold' or is_left_alone(grant) then return expires(grant) end
  local session = session_of(grant.session)
  return math.min(expires(grant), session.last + session.grace)
end

local function give(wish, state)
  local grant = grant_at(key_of(wish))
  if not grant then
    local fence = next_fence()
    grant = {
      path = wish.path, session = wish.session, user = wish.user, mode = wish.mode, state = state,
      ['until'] = now + (state == 'held' and wish.ttl or rules.accept_ms), since = now, fence = fence, first = fence,
      count = 1, ttl = wish.ttl, policy = wish.policy, request = wish.request, asked = wish.since,
    }
  else
    grant.count = grant.count + 1
    if wish.mode == 'x' and grant.mode == 's' then grant.mode, grant.fence = 'x', next_fence() end
    grant.ttl, grant.policy = math.max(grant.ttl, wish.ttl), wish.policy
    grant['until'] = math.max(grant['until'], now + wish.ttl)
    grant.request, grant.asked = wish.request, wish.since
  end
  put_grant(grant, next_look(grant))
  settle(grant, grant.state == 'held' and 'granted' or 'offered')
  tell(grant.state == 'held' and 'acquired' or 'offered', grant)
  return grant
end

local function move_up(path)
  for _, rank in ipairs(overlapping_ranks(path)) do
    local waiter = waiter_at(rank)
    if budget == 0 then
      index('ZADD', UNFINISHED, 0, path)
      return
    end
    if not is_blocked(waiter) then
      budget = budget - 1
      drop_waiter(waiter)
      give(waiter, 'offered')
    end
  end
end

-- Ending.

local function end_grant(grant, kind, reason)
  tell(kind, grant, reason)
  if grant.state == 'offered' then settle(grant, 'ended', reason) end
  drop_grant(grant)
  move_up(grant.path)
end

local function close(path, session, mode, delay_ms)
  local before = grant_at(path .. '|' .. DELAY .. session)
  local closed_until = math.max(now + delay_ms, before and before['until'] or 0)
  if before and before.mode == 'x' then mode = 'x' end
  put_grant({
    path = path, session = DELAY .. session, user = '', mode = mode, state = 'delay', ['until'] = closed_until,
    since = now, fence = '0', first = '0', count = 1, ttl = 0, policy = 'release_if_wanted', request = '', asked = 0,
  }, closed_until)
end

local function fail_grant(grant, kind, reason)
  if rules.lock_delay_ms == 0 or grant.state ~= 'held' then return end_grant(grant, kind, reason) end
  tell(kind, grant, reason)
  drop_grant(grant)
  close(grant.path, grant.session, grant.mode, rules.lock_delay_ms)
end

local function leave(waiter, reason)
  drop_waiter(waiter)
  settle(waiter, 'ended', reason)
  tell('refused', waiter, reason)
end

local function end_wait(waiter, reason)
  leave(waiter, reason)
  move_up(waiter.path)
end

local function end_session(session, failed)
  local waiting = waiters_of(session)
  for _, waiter in ipairs(waiting) do leave(waiter, 'session') end
  for _, waiter in ipairs(waiting) do move_up(waiter.path) end
  for _, grant in ipairs(grants_of(session)) do
    if failed then fail_grant(grant, 'expired', 'session') else end_grant(grant, 'released', 'session') end
  end
  local user = session_of(session).user
  erase(sessions, SESSIONS, session)
  drop_due('s|' .. session)
  if failed then number({ kind = 'session_expired', session = session, user = user }) end
end

-- Looking at what is due.

local function expire(grant)
  if grant.state == 'held' then
    fail_grant(grant, 'expired', 'ttl')
  elseif grant.state == 'offered' then
    end_grant(grant, 'expired', 'not_accepted')
  else
    drop_grant(grant)
    move_up(grant.path)
  end
end

-- Ends the grant if its time has come; whether it has.
local function is_over(grant)
  if expires(grant) <= now then
    expire(grant)
  elseif is_left_alone(grant) and is_wanted(grant) then
    fail_grant(grant, 'expired', 'wanted')
  else
    return false
  end
  return true
end

local function look_at_grant(key)
  local grant = grant_at(key)
  if grant and not is_over(grant) then set_due('g|' .. key, next_look(grant)) end
end

-- The session, unless it has been silent for too long: then it ends.
local function living(name)
  local session = session_of(name)
  if session and session.last + session.window <= now then
    end_session(name, true)
    return false
  end
  return session
end

local function look_at_session(name)
  local session = living(name)
  if session then set_due('s|' .. name, session.last + session.window) end
end

local function look_at(timer)
  local kind, name = string.sub(timer, 1, 1), string.sub(timer, 3)
  if kind == 'g' then
    look_at_grant(name)
  elseif kind == 'w' then
    end_wait(waiter_at(name), 'timeout')
  elseif kind == 's' then
    look_at_session(name)
  else
    redis_call('HDEL', ANSWERS, name)
    drop_due(timer)
  end
end

local function sweep(limit)
  for _, path in ipairs(size(UNFINISHED) > 0 and redis_call('ZRANGE', UNFINISHED, 0, -1) or {}) do
    if budget == 0 then return end
    index('ZREM', UNFINISHED, path)
    move_up(path)
  end
  for _ = 1, limit do
    local first = redis_call('ZRANGEBYSCORE', DUE, '-inf', whole(now), 'LIMIT', 0, 1)[1]
    if not first then return end
    look_at(first)
  end
end

local function owned(path, session)
  local grant = grant_at(path .. '|' .. session)
  if grant and is_over(grant) then return grant_at(path .. '|' .. session) end
  return grant
end

-- The session, if it lives: whatever it asks shows that it does. Its timer is set anew when it goes off.
local function hear(name)
  local session = name and living(name)
  if session then
    session.last = now
    write(sessions, SESSIONS, name, session)
  end
  return session
end

-- Commands.

local commands = {}

function commands.open(c)
  write(sessions, SESSIONS, c.session, { user = c.user, window = c.window_ms, grace = c.grace_ms, last = now })
  set_due('s|' .. c.session, now + c.window_ms)
  local held = {}
  for _, grant in ipairs(grants_of(c.session)) do
    if grant.state == 'held' then held[#held + 1] = view(grant) end
  end
  return { status = 'ok', grants = held }
end

function commands.beat(c)
  local gone = {}
  for _, name in ipairs(c.sessions) do
    if not hear(name) then gone[#gone + 1] = name end
  end
  return { status = 'ok', gone = gone }
end

commands['end'] = function(c, known)
  if not known then return { status = 'no_session' } end
  end_session(c.session, false)
  return { status = 'ok' }
end

local function standing(waiter)
  if waiter_at(waiter.rank) then
    return { status = 'queued', position = position(waiter), blockers = blockers(waiter) }
  end
  local grant = owned(waiter.path, waiter.session)
  return { status = grant.state == 'offered' and 'offered' or 'granted', grant = view(grant) }
end

-- The answer to a request that came before: it may have moved on since, but nothing is done twice.
local function again(c, before)
  if before.path ~= c.path then return { status = 'ended', reason = 'reused' } end
  if before.status == 'queued' then return standing(waiter_at(before.rank)) end
  if before.status == 'granted' or before.status == 'offered' then
    local grant = owned(c.path, c.session)
    if not grant then return { status = 'ended', reason = 'lost' } end
    return { status = grant.state == 'held' and 'granted' or 'offered', grant = view(grant) }
  end
  return { status = before.status, reason = before.reason }
end

local function admit(waiter, wait)
  if not wait then return { status = 'granted', grant = view(give(waiter, 'held')) } end
  put_waiter(waiter)
  tell('queued', waiter)
  remember(waiter.session, waiter.request, {
    status = 'queued', path = waiter.path, ['until'] = waiter['until'] + rules.remember_ms, rank = waiter.rank, reason = '',
  })
  -- Those who have been silent for long lose it now that it is wanted.
  local keys = {}
  each_blocker(waiter, function(blocker) if blocker.state then keys[#keys + 1] = key_of(blocker) end end)
  for _, key in ipairs(keys) do look_at_grant(key) end
  return standing(waiter)
end

-- Whose leases and requests are as many as they may be; roles, of which each session has one, do not count.
local function is_full(c)
  if string.sub(c.path, 1, 1) ~= 'x' then return false end
  if size(HELD) + size(QUEUE) < math.min(rules.per_session, rules.per_project) then return false end
  local own = c.session .. '|'
  if count(HELD_BY, own) + count(WAITS_OF, own) >= rules.per_session then return 'session' end
  return count(HELD, 'x') + count(QUEUE, 'x') >= rules.per_project and 'project'
end

function commands.acquire(c, known)
  if not known then return { status = 'no_session' } end
  local before = c.request ~= '' and redis_call('HGET', ANSWERS, c.session .. '|' .. c.request)
  if before then return again(c, cjson.decode(before)) end
  local own = owned(c.path, c.session)
  if (own and own.state == 'offered') or waiters_of(c.session, c.path)[1] then return { status = 'waiting' } end
  local full = not own and is_full(c)
  if full then return { status = 'full', reason = full } end
  local upgrade = own and own.mode == 's' and c.mode == 'x'
  local waiter = {
    rank = (upgrade and '0' or '1') .. string.format('%016d', numbers + 1), path = c.path, session = c.session,
    user = known.user, mode = c.mode, ttl = c.ttl_ms, policy = c.policy, request = c.request, since = now,
    ['until'] = now + c.wait_ms,
  }
  if covered(waiter) then return admit(waiter, false) end
  local blocked, refusal = is_blocked(waiter), nil
  if blocked and c.wait_ms == 0 then
    refusal = { status = 'held', blockers = blockers(waiter) }
  elseif blocked or upgrade then
    local cycle = find_cycle(waiter)
    if cycle then refusal = { status = 'deadlock', blockers = blockers(waiter), cycle = cycle } end
  end
  if not refusal then return admit(waiter, blocked) end
  remember(c.session, c.request,
    { status = refusal.status, path = c.path, ['until'] = now + rules.remember_ms, rank = '', reason = '' })
  return refusal
end

local function within(fence, grant)
  return tonumber(grant.first) <= tonumber(fence) and tonumber(fence) <= tonumber(grant.fence)
end

local function on_path(path, visit)
  return each_grant(path, function(grant) if grant.path == path then return visit(grant) end end)
end

-- The session's grant with this fence; or nothing, and why.
local function holding(c)
  local grant = owned(c.path, c.session)
  if not grant then
    local others = on_path(c.path, function(other) return other.state ~= 'delay' and within(c.fence, other) end)
    return nil, { status = others and 'not_owner' or 'lost' }
  end
  if not within(c.fence, grant) then return nil, { status = 'fenced' } end
  return grant
end

function commands.release(c)
  local grant, refusal = holding(c)
  if not grant then return refusal end
  if grant.count > 1 then
    grant.count = grant.count - 1
    save_grant(grant)
    return { status = 'ok', grant = view(grant) }
  end
  end_grant(grant, 'released', grant.state == 'offered' and 'declined' or '')
  return { status = 'ok' }
end

function commands.extend(c)
  local grant, refusal = holding(c)
  if not grant then return refusal end
  if grant.state == 'offered' then return { status = 'lost' } end
  grant.ttl, grant['until'] = c.ttl_ms, now + c.ttl_ms
  save_grant(grant)
  look_at_grant(key_of(grant))
  return { status = 'ok', grant = view(grant) }
end

function commands.accept(c)
  local grant, refusal = holding(c)
  if not grant then return refusal end
  if grant.state == 'offered' then
    grant.state, grant.since, grant['until'] = 'held', now, now + grant.ttl
    save_grant(grant)
    look_at_grant(key_of(grant))
    settle(grant, 'granted')
    tell('acquired', grant)
  end
  return { status = 'ok', grant = view(grant) }
end

function commands.cancel(c)
  local waiter = waiters_of(c.session, c.path)[1]
  if waiter then
    end_wait(waiter, 'cancelled')
    return { status = 'ok' }
  end
  local grant = owned(c.path, c.session)
  if not grant or grant.state ~= 'offered' then return { status = 'lost' } end
  end_grant(grant, 'released', 'declined')
  return { status = 'ok' }
end

function commands.steal(c)
  local taken = {}
  on_path(c.path, function(grant) if grant.state ~= 'delay' then taken[#taken + 1] = view(grant) end end)
  for _, grant in ipairs(taken) do fail_grant(grant_at(key_of(grant)), 'stolen', c.reason) end
  return { status = taken[1] and 'ok' or 'lost', grants = taken }
end

function commands.check(c)
  local newest = 0
  local grant = on_path(c.path, function(other)
    if other.state == 'held' and expires(other) > now then
      newest = math.max(newest, tonumber(other.fence))
      return within(c.fence, other) and other
    end
  end)
  if grant then return { status = 'ok', grant = view(grant) } end
  return { status = newest > tonumber(c.fence) and 'fenced' or 'lost' }
end

-- At most `limit` grants that overlap `path`, by key, those after the key `after`. Redis compares the keys: Lua would
-- do so by the locale.
local function page_of_grants(path, after, limit)
  local found, ranges, begun = {}, path == '' and { '' } or prefixes(path), after == ''
  for at = #ranges, 1, -1 do -- from below up, which is the order of the keys
    local prefix, from = ranges[at], '[' .. ranges[at]
    if not begun and string.sub(after, 1, #prefix) == prefix then begun, from = true, '(' .. after end
    if begun then
      local rest = whole(limit - #found)
      for _, key in ipairs(redis_call('ZRANGEBYLEX', HELD, from, '(' .. prefix .. '\255', 'LIMIT', 0, rest)) do
        found[#found + 1] = view(grant_at(key))
      end
    end
  end
  return found
end

-- Those who wait for what overlaps `path`, after the rank `after`.
local function page_of_waiters(path, after, limit)
  local found, positions, ranks, paths = {}, {}, overlapping_ranks(path)
  for _, rank in ipairs(ranks) do
    local wanted = paths[rank]
    positions[wanted] = (positions[wanted] or 0) + 1
    if rank > after and #found < limit then
      local w = waiter_at(rank)
      found[#found + 1] = {
        path = w.path, session = w.session, user = w.user, mode = w.mode, rank = w.rank, since = w.since,
        ['until'] = w['until'], request = w.request, position = positions[wanted],
      }
    end
  end
  return found
end

function commands.look(c)
  local kind, after = string.sub(c.after, 1, 1), string.sub(c.after, 3)
  local granted = kind == 'w' and {} or page_of_grants(c.path, after, c.limit)
  return {
    status = 'ok', grants = granted, waiters = page_of_waiters(c.path, kind == 'w' and after or '', c.limit - #granted),
  }
end

function commands.sweep(c)
  sweep(c.limit)
  return { status = 'ok' }
end

function commands.audit()
  local expected = { held = {}, held_by = {}, queue = {}, waits_of = {}, due = {} }
  local faults, strangers = {}, {}
  local function expect(name, member) table.insert(expected[name], member) end
  for _, key in ipairs(redis_call('HKEYS', GRANTS)) do
    local grant = grant_at(key)
    expect('held', key)
    expect('held_by', grant.session .. '|' .. grant.path)
    expect('due', 'g|' .. key)
    if owner(grant.session) == grant.session then strangers[grant.session] = true end
  end
  for _, rank in ipairs(redis_call('HKEYS', WAITERS)) do
    local waiter = waiter_at(rank)
    expect('queue', waiter.path .. '|' .. rank)
    expect('waits_of', waiter.session .. '|' .. waiter.path .. '|' .. rank)
    expect('due', 'w|' .. rank)
    strangers[waiter.session] = true
  end
  for _, session in ipairs(redis_call('HKEYS', SESSIONS)) do
    expect('due', 's|' .. session)
    strangers[session] = nil
  end
  for _, key in ipairs(redis_call('HKEYS', ANSWERS)) do expect('due', 'r|' .. key) end
  local keys = { held = HELD, held_by = HELD_BY, queue = QUEUE, waits_of = WAITS_OF, due = DUE }
  for _, name in ipairs({ 'held', 'held_by', 'queue', 'waits_of', 'due' }) do
    local members = redis_call('ZRANGE', keys[name], 0, -1)
    table.sort(members)
    table.sort(expected[name])
    if table.concat(members, '\n') ~= table.concat(expected[name], '\n') then faults[#faults + 1] = 'index ' .. name end
  end
  local missing = {}
  for session in pairs(strangers) do missing[#missing + 1] = 'no session ' .. session end
  table.sort(missing)
  for _, fault in ipairs(missing) do faults[#faults + 1] = fault end
  return { status = 'ok', faults = faults }
end

function commands.initepoch(c)
  if c.epoch > epoch then
    epoch, run = c.epoch, call.run
    if c.delay_ms > 0 then
      for _, root in ipairs(c.roots) do close(root, '', 'x', c.delay_ms) end
    end
  end
  return { status = 'ok' }
end

-- One call.

local answer
if (epoch == 0 or run ~= call.run) and call.op ~= 'initepoch' then
  return cjson.encode({ status = 'epoch', now = now, epoch = epoch })
end
if call.op ~= 'initepoch' and call.op ~= 'audit' and call.op ~= 'sweep' then sweep(rules.due_per_call) end
answer = commands[call.op](command, hear(command.session))
redis_call('HSET', META, 'epoch', epoch, 'run', run or '', 'fences', whole(fences), 'numbers', whole(numbers),
  'clock', whole(now), 'wall', whole(wall))

local told = {}
for at, event in ipairs(events) do
  told[at] = cjson.encode(event)
  redis_call('XADD', EVENTS, 'MAXLEN', '~', REMEMBERED_EVENTS, event.id .. '-0', 'event', told[at])
end
local happened = '"events":[' .. table.concat(told, ',') .. ']'
if told[1] then redis_call('PUBLISH', call.channel, '{"project":' .. cjson.encode(call.project) .. ',' .. happened .. '}') end
local first = redis_call('ZRANGE', DUE, 0, 0, 'WITHSCORES')
answer.now, answer.epoch = now, epoch
answer.more = size(UNFINISHED) > 0 or (first[1] ~= nil and tonumber(first[2]) <= now)
answer.due = first[1] and math.max(0, tonumber(first[2]) - now) or cjson.null
return '{' .. happened .. ',' .. string.sub(cjson.encode(answer), 2)
