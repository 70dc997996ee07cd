-- A task lost its child (killed, crashed, over its time limit): the chunks it held are free again, one crash counted each.
-- KEYS  1 leases  2 owners  3 crashes  4 pending  5 wakeups (4 and 5 on the interactive lane only)
-- ARGV  1 task id  2 ttl, ms  3 bulk: ms until the sweeper sends a new message, unless Celery redelivers first
-- Returns the members released.
local now = now_ms()
local owners = redis.call('HGETALL', KEYS[2])
local members = {}
for i = 1, #owners, 2 do
  if owners[i + 1] == ARGV[1] then members[#members + 1] = owners[i] end
end
for _, member in ipairs(members) do
  redis.call('HDEL', KEYS[2], member)
  redis.call('HINCRBY', KEYS[3], member, CRASH)
  if KEYS[4] then
    redis.call('ZREM', KEYS[1], member)
    redis.call('LPUSH', KEYS[4], member)
  else
    redis.call('ZADD', KEYS[1], now + ARGV[3], member)
  end
end
if KEYS[5] then redis.call('ZREM', KEYS[5], ARGV[1]) end
renew(ARGV[2], KEYS[1], KEYS[3])
if KEYS[4] then renew(ARGV[2], KEYS[4]) end
return members
