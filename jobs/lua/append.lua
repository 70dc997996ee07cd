-- A → A. One more chunk of a job that receives; work begins before the upload ends, unless the job is held.
-- KEYS  1 … 9 the job's (prelude.lua)  10 sentiq:receiving  11 lane leases  12 sentiq:bulk:published  13 lane children
-- ARGV  1 job id  2 chunk number  3 rows  4 blob  5 ttl, ms  6 upload timeout, ms  7 issue lease, ms
-- Returns {"ok", members to send …}, or {"ended"} when the job no longer receives.
if redis.call('HGET', KEYS[1], 'state') ~= 'receiving' then return {'ended'} end
if redis.call('HSETNX', KEYS[2], ARGV[2], ARGV[4]) == 0 then -- asked again: the first answer was lost, with its message
  local member = table.concat({ARGV[1], ARGV[2], redis.call('HGET', KEYS[1], 'level'), ARGV[3]}, ':')
  return {'ok', redis.call('HEXISTS', KEYS[12], member) == 1 and member or nil}
end
redis.call('HSET', KEYS[2], ARGV[2] .. ':rows', ARGV[3])
redis.call('HINCRBY', KEYS[1], 'total', ARGV[3])
redis.call('HINCRBY', KEYS[1], 'chunks', 1)
redis.call('ZADD', KEYS[10], now_ms() + ARGV[6], ARGV[1])
renew_job(ARGV[5])
renew(ARGV[5], KEYS[10])
local keys =
  {job = KEYS[1], input = KEYS[2], held = KEYS[5], leases = KEYS[11], published = KEYS[12], children = KEYS[13]}
return {'ok', unpack(issue(ARGV[1], keys, ARGV[7], ARGV[5]))}
