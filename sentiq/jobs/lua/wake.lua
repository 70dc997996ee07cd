-- Sends a wake-up where work waits and too few live ones are on their way.
--! keys pending wakeups children
--! args wakeup_id wakeup_expiry_ms ttl_ms ending_id
-- `wakeup_id`: of the new wake-up. `ending_id`: of a wake-up that ends now, "" for none.
-- Returns 1 when a `drain` with the new id must be sent. A `drain` that ends with work left always hands over;
-- the sweeper (no ending id) sends one when none lives, or when there are more children than were there when the chunks
-- came: each finds work only by a wake-up.
local now = now_ms()
if redis.call('ZSCORE', wakeups, wakeup_id) then return 1 end -- asked again: the first answer was lost
redis.call('ZREMRANGEBYSCORE', wakeups, '-inf', now)
redis.call('ZREM', wakeups, ending_id)
local waiting = redis.call('LLEN', pending)
if waiting == 0 then return 0 end
if ending_id == '' then
  local wanted = math.max(1, math.min(waiting, tonumber(redis.call('GET', children)) or 1))
  if redis.call('ZCARD', wakeups) >= wanted then return 0 end
end
redis.call('ZADD', wakeups, now + wakeup_expiry_ms, wakeup_id)
renew(ttl_ms, wakeups)
return 1
