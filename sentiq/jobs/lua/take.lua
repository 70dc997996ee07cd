-- B → C. A `drain` takes pending interactive chunks and opens them: the oldest, and others until it has enough rows for a
-- batch or its share of what waits, as the children of the lane are to end at the same time. Where many wait, the others
-- are its neighbours in length, so that there is less padding (docs/adr/0057-batches-of-like-length.md). A chunk that was
-- in a crash is taken alone: if it is the culprit, the next crash has no innocent neighbours.
--! keys pending leases owners crashes wakeups children
--! args task_id lingers rows_wanted few max_chunks lease_ms ttl_ms
--! args job_pattern input_pattern output_pattern isolation_pattern
-- `few`: so many chunks are taken in their order. `max_chunks`: where more wait, the oldest of them, to choose from.
-- `…_pattern`: the key of a job, %s for its id.
-- Returns {how many it took, {member, crashes before, blob, isolation or false, request id, model, options, ms since its
-- job was sealed or -1 where it was taken before} for each that has work}; empty when nothing waits. Then the wake-up has
-- ended, unless the task `lingers` (1 or 0): both in one step, so that a submit in between sends another.
local now = now_ms()
local members = {}

local function crashes_of(count)
  return math.floor((count or 0) / CRASH)
end

local function forget(member)
  redis.call('ZREM', leases, member)
  redis.call('HDEL', owners, member)
  redis.call('HDEL', crashes, member)
end

local function job_of(member)
  return string.match(member, '^(.*):%d+:%d+:%d+$')
end

local function opened(member)
  local id = job_of(member)
  local job = string.format(job_pattern, id)
  local state, started_at, request_id, model, options, sealed_at =
    unpack(redis.call('HMGET', job, 'state', 'started_at', 'request_id', 'model', 'options', 'sealed_at'))
  if not state or not LIVE[state] or redis.call('HEXISTS', string.format(output_pattern, id), 0) == 1 then return end
  local waited = -1
  if not started_at then
    waited = sealed_at and now - sealed_at or -1
    redis.call('HSET', job, 'state', 'running', 'started_at', now, 'since', now)
  end
  local blob = redis.call('HGET', string.format(input_pattern, id), 0)
  local halving = redis.call('HGET', string.format(isolation_pattern, id), 0)
  return {member, crashes_of(redis.call('HGET', crashes, member)), blob, halving, request_id, model, options, waited}
end

-- Returns the oldest of the chunks that wait, up to one that was in a crash: that one alone where it is the oldest.
local function oldest(count)
  local queue, found = {}, redis.call('LRANGE', pending, 0, count - 1)
  local crashed = #found > 0 and redis.call('HMGET', crashes, unpack(found))
  for place, member in ipairs(found) do
    local is_alone = crashes_of(crashed[place]) > 0
    if is_alone and place > 1 then break end
    queue[place] = {member = member, place = place, rows = tonumber(string.match(member, '(%d+)$'))}
    if is_alone then break end
  end
  return queue
end

-- Returns the first `share` chunks, or as many as make a batch.
local function first_of(queue, share)
  local chosen, rows = {}, 0
  while #chosen < math.min(#queue, share) and rows < tonumber(rows_wanted) do
    chosen[#chosen + 1] = queue[#chosen + 1]
    rows = rows + chosen[#chosen].rows
  end
  return chosen
end

-- Returns the oldest chunk and its neighbours in length: of the next shorter and the next longer one the older, again and
-- again, until they are a batch, or as near as can be to `part` of the bytes of all. Chunks of one length keep their order.
local function like_the_oldest(queue, part)
  local first, shorter, longer, share = queue[1], {}, {}, 0
  for place, chunk in ipairs(queue) do
    chunk.bytes = redis.call('HSTRLEN', string.format(input_pattern, job_of(chunk.member)), 0)
    chunk.length = chunk.bytes / chunk.rows
    share = share + chunk.bytes * part
    local side = chunk.length < first.length and shorter or longer
    if place > 1 then side[#side + 1] = chunk end
  end
  local function is_nearer(one, other)
    local near, far = math.abs(one.length - first.length), math.abs(other.length - first.length)
    return near < far or near == far and one.place < other.place
  end
  table.sort(shorter, is_nearer)
  table.sort(longer, is_nearer)
  local chosen, rows, bytes, s, l = {first}, first.rows, first.bytes, 1, 1
  while rows < tonumber(rows_wanted) do
    local following, other = shorter[s], longer[l]
    if not following or other and other.place < following.place then following = other end
    if not following or bytes + following.bytes / 2 > share then break end
    if following == other then l = l + 1 else s = s + 1 end
    chosen[#chosen + 1] = following
    rows, bytes = rows + following.rows, bytes + following.bytes
  end
  return chosen
end

-- Takes the chunks off the list, and leases them in the order in which they waited. Returns their members.
local function lease(queue, chosen)
  table.sort(chosen, function(one, other) return one.place < other.place end)
  local taken, deadlines, owned, left = {}, {}, {}, {}
  for i, chunk in ipairs(chosen) do
    taken[i], chunk.is_taken = chunk.member, true
    deadlines[2 * i - 1], deadlines[2 * i] = now + lease_ms, chunk.member
    owned[2 * i - 1], owned[2 * i] = chunk.member, task_id
  end
  local last = chosen[#chosen].place
  for place = last, 1, -1 do
    if not queue[place].is_taken then left[#left + 1] = queue[place].member end
  end
  redis.call('LTRIM', pending, last, -1)
  if #left > 0 then redis.call('LPUSH', pending, unpack(left)) end
  redis.call('ZADD', leases, unpack(deadlines))
  redis.call('HSET', owners, unpack(owned))
  return taken
end

local owned = redis.call('HGETALL', owners)
for i = 1, #owned, 2 do
  if owned[i + 1] == task_id then -- given to this task in an answer that was lost
    redis.call('ZADD', leases, now + lease_ms, owned[i])
    members[#members + 1] = owned[i]
  end
end
if #members == 0 then
  local waiting, drains = redis.call('LLEN', pending), math.max(1, tonumber(redis.call('GET', children)) or 1)
  local are_many = waiting > tonumber(few)
  local queue = oldest(are_many and max_chunks or few)
  local chosen = first_of(queue, math.ceil(waiting / drains))
  if are_many and #chosen < #queue then chosen = like_the_oldest(queue, waiting / #queue / drains) end
  if #chosen > 0 then members = lease(queue, chosen) end
end
if #members == 0 then
  if lingers == '0' then redis.call('ZREM', wakeups, task_id) end
  return {}
end
renew(ttl_ms, pending, leases, owners)
local taken = {#members}
for _, member in ipairs(members) do
  local chunk = opened(member)
  if chunk then taken[#taken + 1] = chunk else forget(member) end
end
return taken
