-- B → C. A claimed chunk is opened; the first one starts the clock of its job. The chunk of a held job goes back.
-- KEYS  1 job  2 in  3 out  4 isolation  5 held  6 retry  7 lane leases  8 lane owners  9 sentiq:bulk:queued
-- ARGV  1 job id  2 chunk number  3 member  4 ttl, ms
-- Returns {blob, isolation or false, result to mend or false, request id, model, options, ms since the job was sealed
-- or -1 for all but its first chunk}; {"held"} when it went back; empty when there is nothing to do any more: the job is
-- gone or has ended, or the chunk has its result.
local job = redis.call('HMGET', KEYS[1], 'state', 'started_at', 'request_id', 'model', 'options', 'sealed_at')
if not job[1] or not LIVE[job[1]] then return {} end
local result = redis.call('HGET', KEYS[3], ARGV[2])
if result and redis.call('HEXISTS', KEYS[6], ARGV[2]) == 0 then return {} end
if is_held(KEYS[1]) then
  if redis.call('ZREM', KEYS[7], ARGV[3]) == 1 then redis.call('RPUSH', KEYS[5], ARGV[2]) end
  redis.call('HDEL', KEYS[8], ARGV[3])
  renew(ARGV[4], KEYS[5])
  return {'held'}
end
local waited = -1
if not job[2] then
  local now = now_ms()
  waited = job[6] and now - job[6] or -1
  redis.call('HSET', KEYS[1], 'started_at', now, 'since', now)
  redis.call('ZREM', KEYS[9], ARGV[1])
end
if job[1] == 'queued' then redis.call('HSET', KEYS[1], 'state', 'running') end
return {redis.call('HGET', KEYS[2], ARGV[2]), redis.call('HGET', KEYS[4], ARGV[2]), result, job[3], job[4], job[5], waited}
