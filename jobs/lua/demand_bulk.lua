-- How many bulk children would find work now. A job publishes little more than there are children, so what is published
-- says how many find work at least, and the oldest jobs say how much stands behind it.
-- KEYS  1 leases  2 sentiq:live
-- ARGV  1 jobs to look at  2 the key of a job, %s for its id
local behind = 0
for _, job_id in ipairs(redis.call('ZRANGE', KEYS[2], 0, ARGV[1] - 1)) do
  local key = string.format(ARGV[2], job_id)
  local job = redis.call('HMGET', key, 'chunks', 'done')
  if job[1] and not is_held(key) then behind = behind + job[1] - job[2] end
end
return math.max(redis.call('ZCARD', KEYS[1]), behind)
