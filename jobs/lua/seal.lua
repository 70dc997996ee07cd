-- A → B, C or D. The upload is complete: no chunk follows. An interactive job becomes pending here.
-- KEYS  1 job  2 sentiq:receiving  3 pending  4 wakeups  5 interactive children  6 ended  7 idempotency, absent without a key
-- ARGV  1 job id  2 ttl, ms  3 wake-up expiry, ms  4 wake-up id (a fresh Celery task id)  5 payload digest
-- Returns 1 when a `drain` with that task id must be sent, 0 when not, -1 when the job no longer receives.
if redis.call('HGET', KEYS[1], 'state') ~= 'receiving' then return -1 end
local now = now_ms()
redis.call('ZREM', KEYS[2], ARGV[1])
if KEYS[7] then redis.call('HSET', KEYS[7], 'digest', ARGV[5]) end
local job = redis.call('HMGET', KEYS[1], 'lane', 'chunks', 'done', 'started_at', 'total')
local state = 'queued'
if job[2] == job[3] then
  state = 'completed'
  redis.call('HSET', KEYS[1], 'ended_at', now)
  redis.call('RPUSH', KEYS[6], 1)
  renew(ARGV[2], KEYS[6])
elseif job[4] then
  state = 'running'
end
redis.call('HSET', KEYS[1], 'state', state)
renew(ARGV[2], KEYS[1])
if job[1] ~= 'interactive' then return 0 end
redis.call('RPUSH', KEYS[3], ARGV[1] .. ':0:' .. job[5])
redis.call('ZREMRANGEBYSCORE', KEYS[4], '-inf', now)
local wanted = 0
-- One live wake-up for each child, and one more that is on its way, are enough: a `drain` empties the list.
if redis.call('ZCARD', KEYS[4]) <= (tonumber(redis.call('GET', KEYS[5])) or 1) then
  redis.call('ZADD', KEYS[4], now + ARGV[3], ARGV[4])
  wanted = 1
end
renew(ARGV[2], KEYS[3], KEYS[4])
return wanted
