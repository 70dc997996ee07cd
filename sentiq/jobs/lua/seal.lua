-- A → B, C, D, H or P. The upload is complete: no chunk follows.
--! keys job input output isolation held failures retry ended pace
--! keys receiving queued schedule webhooks_due live idempotency?
--! args job_id ttl_ms sealing_id payload_digest
-- `sealing_id`: new for each request to seal, and the same where that is repeated.
-- Returns 1; 0 when the job no longer receives.
local chunks, done, state, sealed_by = unpack(redis.call('HMGET', job, 'chunks', 'done', 'state', 'sealed_by'))
if sealed_by == sealing_id then return 1 end -- asked again: the first answer was lost
if state ~= 'receiving' then return 0 end
redis.call('HSET', job, 'sealed_by', sealing_id, 'sealed_at', now_ms())
redis.call('ZREM', receiving, job_id)
if idempotency then redis.call('HSET', idempotency, 'digest', payload_digest) end
if chunks == done then
  finish('completed')
  return 1
end
redis.call('HSET', job, 'state', sealed_state())
renew_job()
return 1
