-- Interactive chunks whose lease ran out are pending again: their worker fell silent.
--! keys pending leases owners crashes
--! args ttl_ms
-- Returns how many.
local members = redis.call('ZRANGEBYSCORE', leases, '-inf', now_ms())
for _, member in ipairs(members) do
  redis.call('ZREM', leases, member)
  redis.call('HDEL', owners, member)
  redis.call('HINCRBY', crashes, member, 1)
  redis.call('LPUSH', pending, member)
end
if #members > 0 then renew(ttl_ms, pending, crashes) end
return #members
