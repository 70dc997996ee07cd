-- A, B, C, H, P → A, B, C, H, P. A bulk job is paused or resumed, or its time has come: one reason to be held changes.
-- KEYS  1 … 9 the job's (prelude.lua)  10 leases  11 sentiq:bulk:published  12 children  13 sentiq:bulk:queued
--       14 sentiq:schedule
-- ARGV  1 job id  2 "pause", "resume" or "time"  3 ttl, ms  4 issue lease, ms
--       5 "time": held until, ms, "" for now  6 "time": next change, ms, "" for none
-- Returns {state found, lane, members to send …}: nothing was done to a job that has ended or is not of the bulk lane;
-- empty when there is no job.
local found = redis.call('HMGET', KEYS[1], 'state', 'lane', 'started_at')
if not found[1] then
  redis.call('ZREM', KEYS[14], ARGV[1])
  return {}
end
if not LIVE[found[1]] or found[2] ~= 'bulk' then
  redis.call('ZREM', KEYS[14], ARGV[1])
  return {found[1], found[2]}
end
local was_held = is_held(KEYS[1])
if ARGV[2] == 'pause' then
  redis.call('HSETNX', KEYS[1], 'paused_at', now_ms())
elseif ARGV[2] == 'resume' then
  redis.call('HDEL', KEYS[1], 'paused_at')
else
  if ARGV[5] == '' then redis.call('HDEL', KEYS[1], 'opens_at') else redis.call('HSET', KEYS[1], 'opens_at', ARGV[5]) end
  if ARGV[6] == '' then redis.call('ZREM', KEYS[14], ARGV[1]) else redis.call('ZADD', KEYS[14], ARGV[6], ARGV[1]) end
end
local held = is_held(KEYS[1])
if held and not was_held then
  rest(KEYS[1])
  redis.call('ZREM', KEYS[13], ARGV[1])
elseif was_held and not held then
  if found[3] then redis.call('HSET', KEYS[1], 'since', now_ms()) else queue_up(ARGV[1], KEYS[1], KEYS[13], ARGV[3]) end
end
if found[1] ~= 'receiving' then redis.call('HSET', KEYS[1], 'state', sealed_state(KEYS[1])) end
renew_job(ARGV[3])
renew(ARGV[3], KEYS[14])
local keys =
  {job = KEYS[1], input = KEYS[2], held = KEYS[5], leases = KEYS[10], published = KEYS[11], children = KEYS[12]}
return {found[1], found[2], unpack(issue(ARGV[1], keys, ARGV[4], ARGV[3]))}
