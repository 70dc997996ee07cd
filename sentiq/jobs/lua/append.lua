-- A → A. One more chunk of a job that receives; work begins before the upload ends, unless the job is held.
--! keys job input output isolation held failures retry ended pace
--! keys receiving leases published children
--! args job_id chunk_no rows blob ttl_ms upload_timeout_ms issue_lease_ms
-- Returns {"ok", members to send …}, or {"ended"} when the job no longer receives.
if redis.call('HGET', job, 'state') ~= 'receiving' then return {'ended'} end
if redis.call('HSETNX', input, chunk_no, blob) == 0 then -- asked again: the first answer was lost, with its message
  local member = table.concat({job_id, chunk_no, redis.call('HGET', job, 'level'), rows}, ':')
  return {'ok', redis.call('HEXISTS', published, member) == 1 and member or nil}
end
redis.call('HSET', input, chunk_no .. ':rows', rows)
redis.call('HINCRBY', job, 'total', rows)
redis.call('HINCRBY', job, 'chunks', 1)
redis.call('ZADD', receiving, now_ms() + upload_timeout_ms, job_id)
renew_job()
renew(ttl_ms, receiving)
return {'ok', unpack(issue())}
