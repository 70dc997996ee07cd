-- A delivery becomes due now, unless it exists already.
--! keys webhooks_due deliveries delivery
--! args job_id delivery_id document ttl_ms
-- `job_id`: "" for none. `document`: the delivery (JSON).
redis.call('ZREM', webhooks_due, job_id)
if redis.call('EXISTS', delivery) == 1 then return 0 end
redis.call('HSET', delivery, 'delivery', document)
redis.call('ZADD', deliveries, now_ms(), delivery_id)
renew(ttl_ms, deliveries, delivery)
return 1
