-- A task lost its child (killed, crashed, over its time limit): the chunks it held are free again, one crash counted each.
--! keys leases owners crashes pending? wakeups?
--! args task_id ttl_ms redelivery_ms
-- `pending`, `wakeups`: of the interactive lane; the bulk lane has none. `redelivery_ms`: on the bulk lane, the time until
-- the sweeper sends a new message, unless Celery redelivers first.
-- Returns the members released.
local now = now_ms()
local owned = redis.call('HGETALL', owners)
local members = {}
for i = 1, #owned, 2 do
  if owned[i + 1] == task_id then members[#members + 1] = owned[i] end
end
for _, member in ipairs(members) do
  redis.call('HDEL', owners, member)
  redis.call('HINCRBY', crashes, member, CRASH)
  if pending then
    redis.call('ZREM', leases, member)
    redis.call('LPUSH', pending, member)
  else
    redis.call('ZADD', leases, now + redelivery_ms, member)
  end
end
if wakeups then redis.call('ZREM', wakeups, task_id) end
renew(ttl_ms, leases, crashes)
if pending then renew(ttl_ms, pending) end
return members
