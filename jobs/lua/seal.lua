-- A → B, C, D, H or P. The upload is complete: no chunk follows. An interactive job becomes pending here.
-- KEYS  1 job  2 ended  3 sentiq:receiving  4 sentiq:bulk:queued  5 sentiq:schedule  6 sentiq:webhooks:due  7 sentiq:live
--       8 pending  9 wakeups  10 interactive children  11 idempotency, absent without a key
-- ARGV  1 job id  2 ttl, ms  3 wake-up expiry, ms  4 wake-up id (a fresh Celery task id)  5 payload digest
-- Returns 1 when a `drain` with that task id must be sent, 0 when not, -1 when the job no longer receives.
local state = redis.call('HGET', KEYS[1], 'state')
if state == 'completed' or state ~= 'receiving' and LIVE[state] then -- asked again: the first answer was lost
  return redis.call('ZSCORE', KEYS[9], ARGV[4]) and 1 or 0
end
if state ~= 'receiving' then return -1 end
local now = now_ms()
redis.call('ZREM', KEYS[3], ARGV[1])
if KEYS[11] then redis.call('HSET', KEYS[11], 'digest', ARGV[5]) end
local job = redis.call('HMGET', KEYS[1], 'lane', 'chunks', 'done', 'level', 'total')
if job[2] == job[3] then
  finish(ARGV[1], 'completed',
    {job = KEYS[1], ended = KEYS[2], queued = KEYS[4], schedule = KEYS[5], webhooks = KEYS[6], live = KEYS[7]}, ARGV[2])
  return 0
end
redis.call('HSET', KEYS[1], 'state', sealed_state(KEYS[1]))
renew(ARGV[2], KEYS[1])
if job[1] ~= 'interactive' then return 0 end
redis.call('RPUSH', KEYS[8], ARGV[1] .. ':0:' .. job[4] .. ':' .. job[5])
redis.call('ZREMRANGEBYSCORE', KEYS[9], '-inf', now)
local wanted = 0
-- One live wake-up for each child, and one more that is on its way, are enough: a `drain` empties the list.
if redis.call('ZCARD', KEYS[9]) <= (tonumber(redis.call('GET', KEYS[10])) or 1) then
  redis.call('ZADD', KEYS[9], now + ARGV[3], ARGV[4])
  wanted = 1
end
renew(ARGV[2], KEYS[8], KEYS[9])
return wanted
