-- B → C. A claimed bulk chunk is opened; the first one starts the clock of its job. The chunk of a held job goes back.
--! keys job input output isolation held retry leases owners crashes queued
--! args job_id chunk_no member task_id ttl_ms
-- Returns {blob, isolation or false, result to mend or false, request id, model, options}; {"held"} when it went back;
-- empty when there is nothing to do any more: the job is gone or has ended, the chunk has its result, or another task
-- took the claim over when its lease was out.
if redis.call('HGET', owners, member) ~= task_id then return {} end
local function forget()
  redis.call('ZREM', leases, member)
  redis.call('HDEL', owners, member)
  redis.call('HDEL', crashes, member)
  return {}
end
local state, started_at, request_id, model, options =
  unpack(redis.call('HMGET', job, 'state', 'started_at', 'request_id', 'model', 'options'))
if not state or not LIVE[state] then return forget() end
local result = redis.call('HGET', output, chunk_no)
if result and redis.call('HEXISTS', retry, chunk_no) == 0 then return forget() end
if is_held(job) then
  if redis.call('ZREM', leases, member) == 1 then redis.call('RPUSH', held, chunk_no) end
  redis.call('HDEL', owners, member)
  renew(ttl_ms, held)
  return {'held'}
end
if not started_at then
  local now = now_ms()
  redis.call('HSET', job, 'started_at', now, 'since', now)
  redis.call('ZREM', queued, job_id)
end
if state == 'queued' then redis.call('HSET', job, 'state', 'running') end
local blob, halving = redis.call('HGET', input, chunk_no), redis.call('HGET', isolation, chunk_no)
return {blob, halving, result, request_id, model, options}
