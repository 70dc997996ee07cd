-- → B. A small job arrives whole: it is created, filled and sealed, becomes pending, and wakes a child, all in one step.
--! keys job input jobs owners_jobs pending wakeups bell children arrived messages idempotency?
--! args job_id ttl_ms own_ttl_ms model request_id options file level webhook owner job_key_pattern rows blob
--! args wakeup_id wakeup wakeup_expiry_ms answers_to payload_digest
-- `own_ttl_ms`: of a job that no index lists, since only the request that made it knows of it; "" for all others.
-- `options`, `file`: as in create.lua. `children`: of the interactive lane. `messages`: the queue of that lane.
-- `wakeup_id`: a fresh Celery task id; `wakeup`: the message of the `drain` with that id, as Celery writes it.
-- `answers_to`: the channel of the API process that waits, "" for none.
-- Returns {"created"}, or {"exists", job id, payload digest} when the idempotency key is taken.
if redis.call('EXISTS', job) == 1 then return {'created'} end -- asked again: the first answer was lost
local now = now_ms()
if idempotency then
  local first = redis.call('HMGET', idempotency, 'job', 'digest')
  if first[1] then return {'exists', first[1], first[2]} end
  redis.call('HSET', idempotency, 'job', job_id, 'digest', payload_digest)
  redis.call('HSET', job, 'idempotency', idempotency)
  renew(ttl_ms, idempotency)
end
local lives_ms = own_ttl_ms == '' and ttl_ms or own_ttl_ms
redis.call('HSET', job, 'id', job_id, 'state', 'queued', 'lane', 'interactive', 'model', model,
  'request_id', request_id, 'options', options, 'file', file, 'level', level, 'webhook', webhook,
  'owner', owner, 'created_at', now, 'sealed_by', wakeup_id, 'sealed_at', now,
  'total', rows, 'completed', 0, 'failed', 0, 'without_text', 0, 'unreadable', 0,
  'chunks', 1, 'issued', 0, 'done', 0, 'ran_ms', 0)
if answers_to ~= '' then redis.call('HSET', job, 'answers_to', answers_to) end
if own_ttl_ms == '' then list_job(now) else redis.call('HSET', job, 'own_ttl_ms', own_ttl_ms) end
redis.call('HSET', input, 0, blob, '0:rows', rows)
renew(lives_ms, job, input)
redis.call('RPUSH', pending, job_id .. ':0:' .. level .. ':' .. rows)
redis.call('INCRBY', arrived, rows)
redis.call('ZREMRANGEBYSCORE', wakeups, '-inf', now)
local drains = tonumber(redis.call('GET', children)) or 1
if redis.call('LLEN', bell) < math.max(1, drains) then redis.call('RPUSH', bell, 1) end
-- One live wake-up for each child, and one more that is on its way, are enough: a `drain` empties the list.
if redis.call('ZCARD', wakeups) <= drains then
  redis.call('ZADD', wakeups, now + wakeup_expiry_ms, wakeup_id)
  redis.call('LPUSH', messages, wakeup)
end
renew(ttl_ms, pending, wakeups, bell, arrived)
return {'created'}
