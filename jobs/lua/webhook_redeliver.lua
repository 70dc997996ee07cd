-- A delivery becomes due now; when its try has ended, where one runs; when its turn comes, where it is deferred.
-- KEYS  1 sentiq:webhooks:deliveries  2 delivery (hash)  3 those deferred for its receiver
-- ARGV  1 delivery id  2 delivery (JSON)
redis.call('HSET', KEYS[2], 'delivery', ARGV[2])
local leased_until = redis.call('HGET', KEYS[2], 'leased_until')
if leased_until and tonumber(leased_until) > now_ms() then
  redis.call('HSET', KEYS[2], 'again', 1)
elseif not redis.call('ZSCORE', KEYS[3], ARGV[1]) then
  redis.call('ZADD', KEYS[1], now_ms(), ARGV[1])
end
