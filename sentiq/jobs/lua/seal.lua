-- A → B, C, D, H or P. The upload is complete: no chunk follows. An interactive job becomes pending here.
--! keys job input output isolation held failures retry ended pace
--! keys receiving queued schedule webhooks_due live pending wakeups children arrived idempotency?
--! args job_id ttl_ms wakeup_expiry_ms wakeup_id payload_digest
-- `children`: of the interactive lane. `wakeup_id`: a fresh Celery task id.
-- Returns 1 when a `drain` with that task id must be sent, 0 when not, -1 when the job no longer receives.
local lane, chunks, done, level, total, state, sealed_by =
  unpack(redis.call('HMGET', job, 'lane', 'chunks', 'done', 'level', 'total', 'state', 'sealed_by'))
if sealed_by == wakeup_id then return lane == 'interactive' and 1 or 0 end -- asked again: the first answer was lost
if state ~= 'receiving' then return -1 end
local now = now_ms()
redis.call('HSET', job, 'sealed_by', wakeup_id, 'sealed_at', now)
redis.call('ZREM', receiving, job_id)
if idempotency then redis.call('HSET', idempotency, 'digest', payload_digest) end
if chunks == done then
  finish('completed')
  return 0
end
redis.call('HSET', job, 'state', sealed_state())
renew_job()
if lane ~= 'interactive' then return 0 end
redis.call('RPUSH', pending, job_id .. ':0:' .. level .. ':' .. total)
redis.call('INCRBY', arrived, total)
redis.call('ZREMRANGEBYSCORE', wakeups, '-inf', now)
local wanted = 0
-- One live wake-up for each child, and one more that is on its way, are enough: a `drain` empties the list.
if redis.call('ZCARD', wakeups) <= (tonumber(redis.call('GET', children)) or 1) then
  redis.call('ZADD', wakeups, now + wakeup_expiry_ms, wakeup_id)
  wanted = 1
end
renew(ttl_ms, pending, wakeups, arrived)
return wanted
