-- D → C. Chunks of a completed job whose rows failed are tried again; until then their results stay.
--! keys job input output isolation held failures retry ended pace
--! keys leases published children live
--! args job_id ttl_ms issue_lease_ms again...
-- `again`: chunk number, RowCounts of its result (sentiq/jobs/types.py), …
-- Returns {state found, members to send …}; nothing was done unless that is "completed".
local state = redis.call('HGET', job, 'state')
if state ~= 'completed' then return {state} end
for i = 1, #again, 2 do
  redis.call('HSET', retry, again[i], again[i + 1])
  redis.call('RPUSH', held, again[i])
end
redis.call('HINCRBY', job, 'done', -#again / 2)
-- Whatever its lane was: from here on it is a bulk job all of whose chunks were issued.
redis.call('HSET', job, 'state', 'running', 'lane', 'bulk', 'since', now_ms(), 'issued', redis.call('HGET', job, 'chunks'))
redis.call('HDEL', job, 'ended_at')
redis.call('DEL', ended)
redis.call('ZADD', live, now_ms(), job_id)
renew_job()
renew(ttl_ms, live)
return {state, unpack(issue())}
