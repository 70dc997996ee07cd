-- A claimed delivery waits until fewer are on their way to its receiver.
--! keys deliveries deferred deferred_for_receiver delivery
--! args delivery_id receiver ttl_ms
redis.call('ZREM', deliveries, delivery_id)
redis.call('HDEL', delivery, 'leased_until')
redis.call('ZADD', deferred_for_receiver, now_ms(), delivery_id)
redis.call('ZADD', deferred, 'NX', now_ms(), receiver)
renew(ttl_ms, deferred_for_receiver, deferred)
