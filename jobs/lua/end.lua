-- A, B, C, H, P → E, F or G. A job ends before its last row; what is finished stays readable.
-- KEYS  1 … 9 the job's (prelude.lua)  10 sentiq:receiving  11 sentiq:bulk:queued  12 sentiq:schedule
--       13 sentiq:webhooks:due  14 sentiq:live
-- ARGV  1 job id  2 state, "failed", "cancelled" or "expired"  3 ttl, ms  4 error code  5 error detail
-- Returns the state found: the new one was taken only from one of a live job; false when there is no job.
local state = redis.call('HGET', KEYS[1], 'state')
redis.call('ZREM', KEYS[10], ARGV[1])
redis.call('ZREM', KEYS[12], ARGV[1])
if not state or not LIVE[state] then return state end
if ARGV[4] ~= '' then redis.call('HSET', KEYS[1], 'error_code', ARGV[4], 'error_detail', ARGV[5]) end
if ARGV[2] == 'failed' or state == 'receiving' then
  local key = redis.call('HGET', KEYS[1], 'idempotency')
  if key then -- another try with the same key starts anew, and the key is then of that job alone
    redis.call('DEL', key)
    redis.call('HDEL', KEYS[1], 'idempotency')
  end
end
finish(ARGV[1], ARGV[2],
  {job = KEYS[1], ended = KEYS[8], queued = KEYS[11], schedule = KEYS[12], webhooks = KEYS[13], live = KEYS[14]}, ARGV[3])
return state
