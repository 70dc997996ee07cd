-- Sends a wake-up where work waits and too few live ones are on their way.
-- KEYS  1 pending  2 wakeups
-- ARGV  1 new wake-up id  2 expiry, ms  3 ttl, ms  4 id of a wake-up that ends now, "" for none
-- Returns 1 when a `drain` with the new id must be sent. A `drain` that ends with work left always hands over;
-- the sweeper (no ending id) sends one only when none lives.
local now = now_ms()
if redis.call('ZSCORE', KEYS[2], ARGV[1]) then return 1 end -- asked again: the first answer was lost
redis.call('ZREMRANGEBYSCORE', KEYS[2], '-inf', now)
redis.call('ZREM', KEYS[2], ARGV[4])
if redis.call('LLEN', KEYS[1]) == 0 then return 0 end
if ARGV[4] == '' and redis.call('ZCARD', KEYS[2]) > 0 then return 0 end
redis.call('ZADD', KEYS[2], now + ARGV[2], ARGV[1])
renew(ARGV[3], KEYS[2])
return 1
