-- A, B, C, H, P → A, B, C, H, P. A bulk job is paused or resumed, or its time has come: one reason to be held changes.
--! keys job input output isolation held failures retry ended pace
--! keys leases published children queued schedule
--! args job_id change ttl_ms issue_lease_ms opens_at_ms next_change_ms
-- `change`: "pause", "resume" or "time". For "time" alone, `opens_at_ms`: held until then, "" for now; `next_change_ms`: ""
-- for none.
-- Returns {state found, lane, members to send …}: nothing was done to a job that has ended or is not of the bulk lane;
-- empty when there is no job.
local found = redis.call('HMGET', job, 'state', 'lane', 'started_at')
if not found[1] then
  redis.call('ZREM', schedule, job_id)
  return {}
end
if not LIVE[found[1]] or found[2] ~= 'bulk' then
  redis.call('ZREM', schedule, job_id)
  return {found[1], found[2]}
end
local was_held = is_held(job)
if change == 'pause' then
  redis.call('HSETNX', job, 'paused_at', now_ms())
elseif change == 'resume' then
  redis.call('HDEL', job, 'paused_at')
else
  if opens_at_ms == '' then redis.call('HDEL', job, 'opens_at') else redis.call('HSET', job, 'opens_at', opens_at_ms) end
  if next_change_ms == '' then redis.call('ZREM', schedule, job_id) else redis.call('ZADD', schedule, next_change_ms, job_id) end
end
local holds = is_held(job)
if holds and not was_held then
  stop_run_clock()
  redis.call('ZREM', queued, job_id)
elseif was_held and not holds then
  if found[3] then redis.call('HSET', job, 'since', now_ms()) else queue_up() end
end
if found[1] ~= 'receiving' then redis.call('HSET', job, 'state', sealed_state()) end
renew_job()
renew(ttl_ms, schedule)
return {found[1], found[2], unpack(issue())}
