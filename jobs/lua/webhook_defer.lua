-- A claimed delivery waits until fewer are on their way to its receiver.
-- KEYS  1 sentiq:webhooks:deliveries  2 those deferred for the receiver  3 sentiq:webhooks:deferred  4 delivery (hash)
-- ARGV  1 delivery id  2 receiver  3 ttl, ms
redis.call('ZREM', KEYS[1], ARGV[1])
redis.call('HDEL', KEYS[4], 'leased_until')
redis.call('ZADD', KEYS[2], now_ms(), ARGV[1])
redis.call('ZADD', KEYS[3], 'NX', now_ms(), ARGV[2])
renew(ARGV[3], KEYS[2], KEYS[3])
