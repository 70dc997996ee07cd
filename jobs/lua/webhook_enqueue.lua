-- A delivery becomes due now, unless it exists already.
-- KEYS  1 sentiq:webhooks:due  2 sentiq:webhooks:deliveries  3 delivery (hash)
-- ARGV  1 job id, "" for none  2 delivery id  3 delivery (JSON)  4 ttl, ms
redis.call('ZREM', KEYS[1], ARGV[1])
if redis.call('EXISTS', KEYS[3]) == 1 then return 0 end
redis.call('HSET', KEYS[3], 'delivery', ARGV[3])
redis.call('ZADD', KEYS[2], now_ms(), ARGV[2])
renew(ARGV[4], KEYS[2], KEYS[3])
return 1
