-- A try has ended. Where another was asked for while it ran, the delivery is due now; else at its time, or never.
--! keys deliveries delivery
--! args delivery_id due_at_ms document
-- `due_at_ms`: "" for never. `document`: the delivery (JSON).
redis.call('HDEL', delivery, 'leased_until')
if redis.call('HEXISTS', delivery, 'again') == 1 then
  redis.call('ZADD', deliveries, now_ms(), delivery_id)
elseif due_at_ms == '' or redis.call('EXISTS', delivery) == 0 then
  redis.call('ZREM', deliveries, delivery_id)
else
  redis.call('HSET', delivery, 'delivery', document)
  redis.call('ZADD', deliveries, due_at_ms, delivery_id)
end
