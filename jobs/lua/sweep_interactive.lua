-- Interactive chunks whose lease ran out are pending again: their worker fell silent.
-- KEYS  1 pending  2 leases  3 owners  4 crashes
-- ARGV  1 ttl, ms
-- Returns how many.
local members = redis.call('ZRANGEBYSCORE', KEYS[2], '-inf', now_ms())
for _, member in ipairs(members) do
  redis.call('ZREM', KEYS[2], member)
  redis.call('HDEL', KEYS[3], member)
  redis.call('HINCRBY', KEYS[4], member, 1)
  redis.call('LPUSH', KEYS[1], member)
end
if #members > 0 then renew(ARGV[1], KEYS[1], KEYS[4]) end
return #members
