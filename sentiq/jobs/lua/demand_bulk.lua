-- How many bulk children would find work now. A job publishes little more than there are children, so what is published
-- says how many find work at least, and the oldest jobs say how much stands behind it.
--! keys leases live
--! args max_jobs job_key_pattern
-- `max_jobs`: jobs to look at. `job_key_pattern`: the key of a job, %s for its id.
local behind = 0
for _, job_id in ipairs(redis.call('ZRANGE', live, 0, max_jobs - 1)) do
  local job = string.format(job_key_pattern, job_id)
  local fields = redis.call('HMGET', job, 'chunks', 'done')
  if fields[1] and not is_held(job) then behind = behind + fields[1] - fields[2] end
end
return math.max(redis.call('ZCARD', leases), behind)
