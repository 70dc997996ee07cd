-- Deliveries that are due, or those that were deferred for one receiver, are claimed: they are due again when the lease is
-- over.
--! keys deliveries source deferred
--! args limit lease_ms delivery_prefix receiver
-- `source`: the same as `deliveries`, or those deferred for the receiver. `delivery_prefix`: the key of a delivery without
-- its id. `receiver`: the one whose deferred deliveries `source` has.
-- Returns them (JSON).
local now = now_ms()
local was_deferred = source ~= deliveries
local found = {}
for _, id in ipairs(redis.call('ZRANGEBYSCORE', source, '-inf', now, 'LIMIT', 0, limit)) do
  local key = delivery_prefix .. id
  local document, leased_until = unpack(redis.call('HMGET', key, 'delivery', 'leased_until'))
  if was_deferred then redis.call('ZREM', source, id) end
  if not document then
    redis.call('ZREM', deliveries, id)
  elseif not (was_deferred and leased_until and tonumber(leased_until) > now) then -- that is, while no try of it runs
    redis.call('ZADD', deliveries, now + lease_ms, id)
    redis.call('HSET', key, 'leased_until', now + lease_ms)
    redis.call('HDEL', key, 'again')
    found[#found + 1] = document
  end
end
if was_deferred and redis.call('EXISTS', source) == 0 then redis.call('ZREM', deferred, receiver) end
return found
