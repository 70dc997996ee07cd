-- A → B, C, D, H or P. The upload is complete: no chunk follows. An interactive job becomes pending here.
-- KEYS  1 … 8 the job's (prelude.lua)  9 sentiq:receiving  10 sentiq:bulk:queued  11 sentiq:schedule
--       12 sentiq:webhooks:due  13 sentiq:live  14 pending  15 wakeups  16 interactive children
--       17 rows arrived  18 idempotency, absent without a key
-- ARGV  1 job id  2 ttl, ms  3 wake-up expiry, ms  4 wake-up id (a fresh Celery task id)  5 payload digest
-- Returns 1 when a `drain` with that task id must be sent, 0 when not, -1 when the job no longer receives.
local job = redis.call('HMGET', KEYS[1], 'lane', 'chunks', 'done', 'level', 'total', 'state', 'sealed_by')
if job[7] == ARGV[4] then return job[1] == 'interactive' and 1 or 0 end -- asked again: the first answer was lost
if job[6] ~= 'receiving' then return -1 end
local now = now_ms()
redis.call('HSET', KEYS[1], 'sealed_by', ARGV[4], 'sealed_at', now)
redis.call('ZREM', KEYS[9], ARGV[1])
if KEYS[18] then redis.call('HSET', KEYS[18], 'digest', ARGV[5]) end
if job[2] == job[3] then
  finish(ARGV[1], 'completed',
    {job = KEYS[1], ended = KEYS[8], queued = KEYS[10], schedule = KEYS[11], webhooks = KEYS[12], live = KEYS[13]}, ARGV[2])
  return 0
end
redis.call('HSET', KEYS[1], 'state', sealed_state(KEYS[1]))
renew_job(ARGV[2])
if job[1] ~= 'interactive' then return 0 end
redis.call('RPUSH', KEYS[14], ARGV[1] .. ':0:' .. job[4] .. ':' .. job[5])
redis.call('INCRBY', KEYS[17], job[5])
redis.call('ZREMRANGEBYSCORE', KEYS[15], '-inf', now)
local wanted = 0
-- One live wake-up for each child, and one more that is on its way, are enough: a `drain` empties the list.
if redis.call('ZCARD', KEYS[15]) <= (tonumber(redis.call('GET', KEYS[16])) or 1) then
  redis.call('ZADD', KEYS[15], now + ARGV[3], ARGV[4])
  wanted = 1
end
renew(ARGV[2], KEYS[14], KEYS[15], KEYS[17])
return wanted
