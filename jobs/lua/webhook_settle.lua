-- A try has ended. Where it was asked for again meanwhile, it is due now; else at its time, or never.
-- KEYS  1 sentiq:webhooks:deliveries  2 delivery (hash)
-- ARGV  1 delivery id  2 when it is due, ms; "" for never  3 delivery (JSON)
redis.call('HDEL', KEYS[2], 'leased_until')
if redis.call('HEXISTS', KEYS[2], 'again') == 1 then
  redis.call('ZADD', KEYS[1], now_ms(), ARGV[1])
elseif ARGV[2] == '' or redis.call('EXISTS', KEYS[2]) == 0 then
  redis.call('ZREM', KEYS[1], ARGV[1])
else
  redis.call('HSET', KEYS[2], 'delivery', ARGV[3])
  redis.call('ZADD', KEYS[1], ARGV[2], ARGV[1])
end
