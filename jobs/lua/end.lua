-- A, B, C → E or F. A job ends before its last row; what is finished stays readable.
-- KEYS  1 job  2 ended  3 sentiq:receiving
-- ARGV  1 job id  2 state, "failed" or "cancelled"  3 ttl, ms  4 error code  5 error detail
-- Returns the state found: the new one was taken only from "receiving", "queued" or "running"; false when there is no job.
local state = redis.call('HGET', KEYS[1], 'state')
redis.call('ZREM', KEYS[3], ARGV[1])
if state ~= 'receiving' and state ~= 'queued' and state ~= 'running' then return state end
redis.call('HSET', KEYS[1], 'state', ARGV[2], 'ended_at', now_ms())
if ARGV[4] ~= '' then redis.call('HSET', KEYS[1], 'error_code', ARGV[4], 'error_detail', ARGV[5]) end
redis.call('RPUSH', KEYS[2], 1)
renew(ARGV[3], KEYS[1], KEYS[2])
local key = redis.call('HGET', KEYS[1], 'idempotency')
if key and ARGV[2] == 'failed' then
  redis.call('DEL', key) -- a retry with the same key starts anew
else
  renew_idempotency(ARGV[3], KEYS[1])
end
return state
