-- → A. A new bulk job begins to receive chunks.
--! keys job jobs receiving queued schedule owners_jobs live idempotency?
--! args job_id ttl_ms upload_timeout_ms model request_id options file level webhook opens_at_ms next_change_ms
--! args owner job_key_pattern
-- `options`: JSON. `file`: JSON, "" for none. `opens_at_ms`, `next_change_ms`: "" for none. `job_key_pattern`: the key of a
-- job, %s for its id.
-- Returns {"created"}, or {"exists", job id, payload digest} when the idempotency key is taken.
local now = now_ms()
-- Asked again as the first answer was lost; or this is the first request, which arrives after the one that repeated it, and
-- perhaps after the chunks: the job must keep what it has.
if redis.call('EXISTS', job) == 1 then return {'created'} end
if idempotency then
  local first = redis.call('HMGET', idempotency, 'job', 'digest')
  if first[1] then return {'exists', first[1], first[2]} end
  redis.call('HSET', idempotency, 'job', job_id, 'digest', '') -- the digest is known to be final when the job is sealed
  redis.call('HSET', job, 'idempotency', idempotency)
  renew(ttl_ms, idempotency)
end
redis.call('HSET', job, 'id', job_id, 'state', 'receiving', 'lane', 'bulk', 'model', model,
  'request_id', request_id, 'options', options, 'file', file, 'level', level, 'webhook', webhook,
  'owner', owner, 'created_at', now,
  'total', 0, 'completed', 0, 'failed', 0, 'without_text', 0, 'unreadable', 0,
  'chunks', 0, 'issued', 0, 'done', 0, 'ran_ms', 0)
list_job(now)
redis.call('ZADD', receiving, now + upload_timeout_ms, job_id)
redis.call('ZADD', live, now, job_id)
renew(ttl_ms, live)
if opens_at_ms ~= '' then
  redis.call('HSET', job, 'opens_at', opens_at_ms)
else
  queue_up()
end
if next_change_ms ~= '' then
  redis.call('ZADD', schedule, next_change_ms, job_id)
  renew(ttl_ms, schedule)
end
renew(ttl_ms, job, receiving)
return {'created'}
