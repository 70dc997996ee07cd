-- B → C. A `drain` takes pending interactive chunks and opens them, oldest first, until it has enough rows for a batch
-- and its share of what waits: the children of the lane are to end at the same time. A chunk that was in a crash is taken
-- alone: if it is the culprit, the next crash has no innocent neighbours.
--! keys pending leases owners crashes wakeups children
--! args task_id lingers rows_wanted lease_ms ttl_ms job_pattern input_pattern output_pattern isolation_pattern
-- `…_pattern`: the key of a job, %s for its id.
-- Returns {how many it took, {member, crashes before, blob, isolation or false, request id, model, options, ms since its
-- job was sealed or -1 where it was taken before} for each that has work}; empty when nothing waits. Then the wake-up has
-- ended, unless the task `lingers` (1 or 0): both in one step, so that a submit in between sends another.
local now = now_ms()
local members, rows = {}, 0

local function crashes_of(member)
  return math.floor((redis.call('HGET', crashes, member) or 0) / CRASH)
end

local function forget(member)
  redis.call('ZREM', leases, member)
  redis.call('HDEL', owners, member)
  redis.call('HDEL', crashes, member)
end

local function opened(member)
  local id = string.match(member, '^(.*):%d+:%d+:%d+$')
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
  return {member, crashes_of(member), blob, halving, request_id, model, options, waited}
end

local owned = redis.call('HGETALL', owners)
for i = 1, #owned, 2 do
  if owned[i + 1] == task_id then -- given to this task in an answer that was lost
    redis.call('ZADD', leases, now + lease_ms, owned[i])
    members[#members + 1] = owned[i]
  end
end
if #members == 0 then
  local share = math.ceil(redis.call('LLEN', pending) / math.max(1, tonumber(redis.call('GET', children)) or 1))
  while rows < tonumber(rows_wanted) and #members < share do
    local member = redis.call('LINDEX', pending, 0)
    local crashed = crashes_of(member)
    if crashed > 0 and rows > 0 then break end
    redis.call('LPOP', pending)
    redis.call('ZADD', leases, now + lease_ms, member)
    redis.call('HSET', owners, member, task_id)
    rows = rows + string.match(member, '(%d+)$')
    members[#members + 1] = member
    if crashed > 0 then break end
  end
end
if #members == 0 then
  if lingers == '0' then redis.call('ZREM', wakeups, task_id) end
  return {}
end
renew(ttl_ms, leases, owners)
local taken = {#members}
for _, member in ipairs(members) do
  local chunk = opened(member)
  if chunk then taken[#taken + 1] = chunk else forget(member) end
end
return taken
