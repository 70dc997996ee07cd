-- A bulk chunk is claimed by the task that its message started.
--! keys leases owners crashes published
--! args member task_id lease_ms ttl_ms
-- Returns {crashes before, ms since it was first published, -1 where that is not known}; {-1} when another task holds the
-- chunk.
local now = now_ms()
local owner = redis.call('HGET', owners, member) -- the same task may ask again, where the first answer was lost
if owner and owner ~= task_id and tonumber(redis.call('ZSCORE', leases, member) or 0) > now then return {-1} end
local first = redis.call('HGET', published, member)
local waited = first and math.max(0, now - math.floor(first / 1000)) or -1
redis.call('ZADD', leases, now + lease_ms, member)
redis.call('HSET', owners, member, task_id)
redis.call('HDEL', published, member)
renew(ttl_ms, leases, owners)
return {math.floor((redis.call('HGET', crashes, member) or 0) / CRASH), waited}
