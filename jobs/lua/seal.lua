-- A → B, C, D, H or P. The upload is complete: no chunk follows. An interactive job becomes pending here.
-- KEYS  1 … 9 the job's (prelude.lua)  10 sentiq:receiving  11 sentiq:bulk:queued  12 sentiq:schedule
--       13 sentiq:webhooks:due  14 sentiq:live  15 pending  16 wakeups  17 interactive children
--       18 rows arrived  19 idempotency, absent without a key
-- ARGV  1 job id  2 ttl, ms  3 wake-up expiry, ms  4 wake-up id (a fresh Celery task id)  5 payload digest
-- Returns 1 when a `drain` with that task id must be sent, 0 when not, -1 when the job no longer receives.
local job = redis.call('HMGET', KEYS[1], 'lane', 'chunks', 'done', 'level', 'total', 'state', 'sealed_by')
if job[7] == ARGV[4] then return job[1] == 'interactive' and 1 or 0 end -- asked again: the first answer was lost
if job[6] ~= 'receiving' then return -1 end
local now = now_ms()
redis.call('HSET', KEYS[1], 'sealed_by', ARGV[4], 'sealed_at', now)
redis.call('ZREM', KEYS[10], ARGV[1])
if KEYS[19] then redis.call('HSET', KEYS[19], 'digest', ARGV[5]) end
if job[2] == job[3] then
  finish(ARGV[1], 'completed',
    {job = KEYS[1], ended = KEYS[8], queued = KEYS[11], schedule = KEYS[12], webhooks = KEYS[13], live = KEYS[14]}, ARGV[2])
  return 0
end
redis.call('HSET', KEYS[1], 'state', sealed_state(KEYS[1]))
renew_job(ARGV[2])
if job[1] ~= 'interactive' then return 0 end
redis.call('RPUSH', KEYS[15], ARGV[1] .. ':0:' .. job[4] .. ':' .. job[5])
redis.call('INCRBY', KEYS[18], job[5])
redis.call('ZREMRANGEBYSCORE', KEYS[16], '-inf', now)
local wanted = 0
-- One live wake-up for each child, and one more that is on its way, are enough: a `drain` empties the list.
if redis.call('ZCARD', KEYS[16]) <= (tonumber(redis.call('GET', KEYS[17])) or 1) then
  redis.call('ZADD', KEYS[16], now + ARGV[3], ARGV[4])
  wanted = 1
end
renew(ARGV[2], KEYS[15], KEYS[16], KEYS[18])
return wanted
