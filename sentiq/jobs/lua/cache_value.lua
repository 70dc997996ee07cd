-- Caches a value that was computed from the results of an ended job, for as long as the job exists and does not change.
--! keys job exports
--! args ended_at_ms name value max_values
-- `ended_at_ms`: the end of the job from whose results the value was computed.
if redis.call('HGET', job, 'ended_at') ~= ended_at_ms then return end
if redis.call('HGET', exports, 'ended_at') ~= ended_at_ms then -- the others are of an end before a retry
  redis.call('UNLINK', exports)
  redis.call('HSET', exports, 'ended_at', ended_at_ms)
end
if redis.call('HLEN', exports) > tonumber(max_values) then return end
redis.call('HSET', exports, name, value)
redis.call('PEXPIRE', exports, redis.call('PTTL', job))
