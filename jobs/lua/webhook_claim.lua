-- Deliveries that are due, or those that were deferred for one receiver, are claimed: they are due again when the lease is
-- over.
-- KEYS  1 sentiq:webhooks:deliveries  2 the same, or those deferred for the receiver  3 sentiq:webhooks:deferred
-- ARGV  1 how many at most  2 lease, ms  3 key of a delivery (hash) without its id  4 receiver, where 2 is its own
-- Returns them (JSON).
local now = now_ms()
local deferred = KEYS[1] ~= KEYS[2]
local found = {}
for _, id in ipairs(redis.call('ZRANGEBYSCORE', KEYS[2], '-inf', now, 'LIMIT', 0, ARGV[1])) do
  local key = ARGV[3] .. id
  local document, leased_until = unpack(redis.call('HMGET', key, 'delivery', 'leased_until'))
  if deferred then redis.call('ZREM', KEYS[2], id) end
  if not document then
    redis.call('ZREM', KEYS[1], id)
  elseif not (deferred and leased_until and tonumber(leased_until) > now) then -- that is, while no try of it runs
    redis.call('ZADD', KEYS[1], now + ARGV[2], id)
    redis.call('HSET', key, 'leased_until', now + ARGV[2])
    redis.call('HDEL', key, 'again')
    found[#found + 1] = document
  end
end
if deferred and redis.call('EXISTS', KEYS[2]) == 0 then redis.call('ZREM', KEYS[3], ARGV[4]) end
return found
