-- What was computed of an ended job's results is kept with it, as long as it is there and as it was.
-- KEYS  1 job  2 exports
-- ARGV  1 when it ended, ms  2 name  3 value  4 how many values are kept at most
if redis.call('HGET', KEYS[1], 'ended_at') ~= ARGV[1] then return end
if redis.call('HGET', KEYS[2], 'ended_at') ~= ARGV[1] then -- the others are of an end before a retry
  redis.call('UNLINK', KEYS[2])
  redis.call('HSET', KEYS[2], 'ended_at', ARGV[1])
end
if redis.call('HLEN', KEYS[2]) > tonumber(ARGV[4]) then return end
redis.call('HSET', KEYS[2], ARGV[2], ARGV[3])
redis.call('PEXPIRE', KEYS[2], redis.call('PTTL', KEYS[1]))
