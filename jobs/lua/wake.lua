-- Sends a wake-up where work waits and too few live ones are on their way.
-- KEYS  1 pending  2 wakeups  3 interactive children
-- ARGV  1 new wake-up id  2 expiry, ms  3 ttl, ms  4 id of a wake-up that ends now, "" for none
-- Returns 1 when a `drain` with the new id must be sent. A `drain` that ends with work left always hands over;
-- the sweeper (no ending id) sends one when none lives, or when there are more children than were there when the chunks
-- came: each finds work only by a wake-up.
local now = now_ms()
if redis.call('ZSCORE', KEYS[2], ARGV[1]) then return 1 end -- asked again: the first answer was lost
redis.call('ZREMRANGEBYSCORE', KEYS[2], '-inf', now)
redis.call('ZREM', KEYS[2], ARGV[4])
local waiting = redis.call('LLEN', KEYS[1])
if waiting == 0 then return 0 end
if ARGV[4] == '' then
  local children = tonumber(redis.call('GET', KEYS[3])) or 1
  if redis.call('ZCARD', KEYS[2]) >= math.max(1, math.min(waiting, children)) then return 0 end
end
redis.call('ZADD', KEYS[2], now + ARGV[2], ARGV[1])
renew(ARGV[3], KEYS[2])
return 1
