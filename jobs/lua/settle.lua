-- The candidate becomes the active model, or is dropped for a reason; a decision about another candidate comes too late.
-- KEYS  1 activation (hash)  2 votes (hash)
-- ARGV  1 candidate that was decided on  2 reason against it, "" for none
if redis.call('HGET', KEYS[1], 'candidate') ~= ARGV[1] then return 0 end
redis.call('HDEL', KEYS[1], 'candidate')
redis.call('DEL', KEYS[2])
if ARGV[2] == '' then
  redis.call('HSET', KEYS[1], 'active', ARGV[1], 'error', '')
else
  redis.call('HSET', KEYS[1], 'error', ARGV[2])
end
return 1
