-- A bulk chunk is claimed by the task that its message started.
-- KEYS  1 leases  2 owners  3 crashes  4 published
-- ARGV  1 member  2 task id  3 lease, ms  4 ttl, ms
-- Returns {crashes before, ms since it was first published, -1 where that is not known}; {-1} when another task holds the
-- chunk.
local now = now_ms()
local owner = redis.call('HGET', KEYS[2], ARGV[1]) -- the same task may ask again, where the first answer was lost
if owner and owner ~= ARGV[2] and tonumber(redis.call('ZSCORE', KEYS[1], ARGV[1]) or 0) > now then return {-1} end
local first = redis.call('HGET', KEYS[4], ARGV[1])
local waited = first and math.max(0, now - math.floor(first / 1000)) or -1
redis.call('ZADD', KEYS[1], now + ARGV[3], ARGV[1])
redis.call('HSET', KEYS[2], ARGV[1], ARGV[2])
redis.call('HDEL', KEYS[4], ARGV[1])
renew(ARGV[4], KEYS[1], KEYS[2])
return {math.floor((redis.call('HGET', KEYS[3], ARGV[1]) or 0) / CRASH), waited}
