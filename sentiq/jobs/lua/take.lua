-- A `drain` takes pending interactive chunks, oldest first, until it has enough rows for a batch. A chunk that was
-- in a crash is taken alone: if it is the culprit, the next crash has no innocent neighbours.
--! keys pending leases owners crashes wakeups
--! args task_id rows_wanted lease_ms ttl_ms
-- Returns {member, crashes before, …}; empty when nothing waits, and then the wake-up has ended:
-- both in one step, so that a submit in between sends another.
local now = now_ms()
local taken, rows = {}, 0
local owned = redis.call('HGETALL', owners)
for i = 1, #owned, 2 do
  if owned[i + 1] == task_id then -- given to this task in an answer that was lost
    redis.call('ZADD', leases, now + lease_ms, owned[i])
    rows = rows + string.match(owned[i], '(%d+)$')
    taken[#taken + 1] = owned[i]
    taken[#taken + 1] = math.floor((redis.call('HGET', crashes, owned[i]) or 0) / CRASH)
  end
end
if rows > 0 then return taken end
while rows < tonumber(rows_wanted) do
  local member = redis.call('LINDEX', pending, 0)
  if not member then break end
  local crashed = math.floor((redis.call('HGET', crashes, member) or 0) / CRASH)
  if crashed > 0 and rows > 0 then break end
  redis.call('LPOP', pending)
  redis.call('ZADD', leases, now + lease_ms, member)
  redis.call('HSET', owners, member, task_id)
  rows = rows + string.match(member, '(%d+)$')
  taken[#taken + 1] = member
  taken[#taken + 1] = crashed
  if crashed > 0 then break end
end
if rows == 0 then
  redis.call('ZREM', wakeups, task_id)
else
  renew(ttl_ms, leases, owners)
end
return taken
