-- C → C or D. A chunk has its result. The first write wins, and moves the counters in the same step.
-- KEYS  1 job  2 in  3 out  4 isolation  5 ended  6 leases  7 owners  8 crashes  9 children  10 issues
-- ARGV  1 job id  2 member  3 chunk number  4 blob  5 rows completed  6 rows failed  7 model that answered  8 ttl, ms  9 issue lease, ms
-- Returns {1 if recorded, 0 if the chunk had its result or the job has ended; members to send …}.
redis.call('ZREM', KEYS[6], ARGV[2])
redis.call('HDEL', KEYS[7], ARGV[2])
redis.call('HDEL', KEYS[8], ARGV[2])
redis.call('HDEL', KEYS[10], ARGV[2])
local state = redis.call('HGET', KEYS[1], 'state')
if state ~= 'receiving' and state ~= 'queued' and state ~= 'running' then return {0} end
if redis.call('HSETNX', KEYS[3], ARGV[3], ARGV[4]) == 0 then return {0} end
redis.call('HDEL', KEYS[4], ARGV[3])
redis.call('HINCRBY', KEYS[1], 'completed', ARGV[5])
redis.call('HINCRBY', KEYS[1], 'failed', ARGV[6])
redis.call('HSET', KEYS[1], 'answered_by', ARGV[7])
local done = redis.call('HINCRBY', KEYS[1], 'done', 1)
renew(ARGV[8], KEYS[1], KEYS[2], KEYS[3])
if state ~= 'receiving' and done == tonumber(redis.call('HGET', KEYS[1], 'chunks')) then
  redis.call('HSET', KEYS[1], 'state', 'completed', 'ended_at', now_ms())
  redis.call('RPUSH', KEYS[5], 1)
  renew(ARGV[8], KEYS[5])
  renew_idempotency(ARGV[8], KEYS[1])
  return {1}
end
local keys = {job = KEYS[1], input = KEYS[2], leases = KEYS[6], issues = KEYS[10], children = KEYS[9]}
return {1, unpack(issue(ARGV[1], keys, ARGV[9], ARGV[8]))}
