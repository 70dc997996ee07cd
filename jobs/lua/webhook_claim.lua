-- Deliveries that are due are claimed: they are due again when the lease is over.
-- KEYS  1 sentiq:webhooks:deliveries
-- ARGV  1 how many at most  2 lease, ms
-- Returns their ids.
local now = now_ms()
local ids = redis.call('ZRANGEBYSCORE', KEYS[1], '-inf', now, 'LIMIT', 0, ARGV[1])
for _, id in ipairs(ids) do redis.call('ZADD', KEYS[1], now + ARGV[2], id) end
return ids
