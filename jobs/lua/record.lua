-- C → C or D. A chunk has its result. The first write wins, and moves the counters in the same step; the result of a chunk
-- that is tried again takes the place of the one before, once. A held job takes what was in flight.
-- KEYS  1 … 8 the job's (prelude.lua)  9 leases  10 owners  11 crashes
--       12 children  13 issues  14 sentiq:bulk:queued  15 sentiq:schedule  16 sentiq:webhooks:due  17 the lane's speed
--       18 sentiq:live
-- ARGV  1 job id  2 member  3 chunk number  4 blob  5 rows completed  6 rows failed  7 model that answered  8 ttl, ms
--       9 issue lease, ms  10 time it took, ms, 0 when it is not to count  11 time from which on the past is halved, ms
-- Returns {1 if recorded, 0 if the chunk had its result or the job has ended; members to send …}.
redis.call('ZREM', KEYS[9], ARGV[2])
redis.call('HDEL', KEYS[10], ARGV[2])
redis.call('HDEL', KEYS[11], ARGV[2])
redis.call('HDEL', KEYS[13], ARGV[2])
local state = redis.call('HGET', KEYS[1], 'state')
if not state or not LIVE[state] then return {0} end
local before = redis.call('HGET', KEYS[7], ARGV[3])
local completed, failed = 0, 0
if before then
  completed, failed = string.match(before, '(%d+):(%d+)')
  redis.call('HSET', KEYS[3], ARGV[3], ARGV[4])
  redis.call('HDEL', KEYS[7], ARGV[3])
elseif redis.call('HSETNX', KEYS[3], ARGV[3], ARGV[4]) == 0 then
  return {0}
end
redis.call('HDEL', KEYS[4], ARGV[3])
redis.call('HINCRBY', KEYS[1], 'completed', ARGV[5] - completed)
redis.call('HINCRBY', KEYS[1], 'failed', ARGV[6] - failed)
redis.call('HSET', KEYS[1], 'answered_by', ARGV[7])
if ARGV[6] ~= '0' then
  redis.call('HSET', KEYS[6], ARGV[3], ARGV[6])
elseif before then
  redis.call('HDEL', KEYS[6], ARGV[3])
end
if ARGV[10] ~= '0' then
  redis.call('HINCRBY', KEYS[17], 'rows', ARGV[5] + ARGV[6])
  if redis.call('HINCRBY', KEYS[17], 'ms', ARGV[10]) > tonumber(ARGV[11]) then -- what was long ago counts less and less
    local sums = redis.call('HMGET', KEYS[17], 'rows', 'ms')
    redis.call('HSET', KEYS[17], 'rows', math.floor(sums[1] / 2), 'ms', math.floor(sums[2] / 2))
  end
  renew(ARGV[8], KEYS[17])
end
local done = redis.call('HINCRBY', KEYS[1], 'done', 1)
renew_job(ARGV[8])
if state ~= 'receiving' and done == tonumber(redis.call('HGET', KEYS[1], 'chunks')) then
  finish(ARGV[1], 'completed',
    {job = KEYS[1], ended = KEYS[8], queued = KEYS[14], schedule = KEYS[15], webhooks = KEYS[16], live = KEYS[18]}, ARGV[8])
  return {1}
end
local keys = {job = KEYS[1], input = KEYS[2], held = KEYS[5], leases = KEYS[9], issues = KEYS[13], children = KEYS[12]}
return {1, unpack(issue(ARGV[1], keys, ARGV[9], ARGV[8]))}
