-- A delivery becomes due now; when its try has ended, where one runs; when its turn comes, where it is deferred.
--! keys deliveries delivery deferred_for_receiver
--! args delivery_id document
-- `document`: the delivery (JSON).
redis.call('HSET', delivery, 'delivery', document)
local leased_until = redis.call('HGET', delivery, 'leased_until')
if leased_until and tonumber(leased_until) > now_ms() then
  redis.call('HSET', delivery, 'again', 1)
elseif not redis.call('ZSCORE', deferred_for_receiver, delivery_id) then
  redis.call('ZADD', deliveries, now_ms(), delivery_id)
end
