-- A, B, C, H, P → E, F or G. A job ends before its last row; what is finished stays readable.
--! keys job input output isolation held failures retry ended pace
--! keys receiving queued schedule webhooks_due live
--! args job_id state ttl_ms error_code error_detail
-- `state`: "failed", "cancelled" or "expired". `error_code`: "" for no error.
-- Returns the state found: the new one was taken only from one of a live job; false when there is no job.
local found = redis.call('HGET', job, 'state')
redis.call('ZREM', receiving, job_id)
redis.call('ZREM', schedule, job_id)
if not found or not LIVE[found] then return found end
if error_code ~= '' then redis.call('HSET', job, 'error_code', error_code, 'error_detail', error_detail) end
if state == 'failed' or found == 'receiving' then
  local idempotency = redis.call('HGET', job, 'idempotency')
  if idempotency then -- another try with the same key starts anew, and the key is then of that job alone
    redis.call('DEL', idempotency)
    redis.call('HDEL', job, 'idempotency')
  end
end
finish(state)
return found
