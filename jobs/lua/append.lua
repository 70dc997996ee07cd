-- A → A. One more chunk of a job that receives; work begins before the upload ends, unless the job is held.
-- KEYS  1 job  2 in  3 held  4 sentiq:receiving  5 lane leases  6 sentiq:bulk:issues  7 lane children
-- ARGV  1 job id  2 chunk number  3 rows  4 blob  5 ttl, ms  6 upload timeout, ms  7 issue lease, ms
-- Returns {"ok", members to send …}, or {"ended"} when the job no longer receives.
if redis.call('HGET', KEYS[1], 'state') ~= 'receiving' then return {'ended'} end
if redis.call('HSETNX', KEYS[2], ARGV[2], ARGV[4]) == 0 then -- asked again: the first answer was lost, with its message
  local member = table.concat({ARGV[1], ARGV[2], redis.call('HGET', KEYS[1], 'level'), ARGV[3]}, ':')
  return {'ok', redis.call('HEXISTS', KEYS[6], member) == 1 and member or nil}
end
redis.call('HSET', KEYS[2], ARGV[2] .. ':rows', ARGV[3])
redis.call('HINCRBY', KEYS[1], 'total', ARGV[3])
redis.call('HINCRBY', KEYS[1], 'chunks', 1)
redis.call('ZADD', KEYS[4], now_ms() + ARGV[6], ARGV[1])
renew(ARGV[5], KEYS[1], KEYS[2], KEYS[4])
local keys = {job = KEYS[1], input = KEYS[2], held = KEYS[3], leases = KEYS[5], issues = KEYS[6], children = KEYS[7]}
return {'ok', unpack(issue(ARGV[1], keys, ARGV[7], ARGV[5]))}
