-- B → C. A claimed chunk is opened; the first one starts the clock of its job.
-- KEYS  1 job  2 in  3 out  4 isolation
-- ARGV  1 chunk number
-- Returns {blob, isolation or false, request id, model, long texts}; empty when there is nothing to do any more:
-- the job is gone or has ended, or the chunk has its result.
local job = redis.call('HMGET', KEYS[1], 'state', 'started_at', 'request_id', 'model', 'long_texts')
if not job[1] or job[1] == 'completed' or job[1] == 'failed' or job[1] == 'cancelled' then return {} end
if redis.call('HEXISTS', KEYS[3], ARGV[1]) == 1 then return {} end
if not job[2] then redis.call('HSET', KEYS[1], 'started_at', now_ms()) end
if job[1] == 'queued' then redis.call('HSET', KEYS[1], 'state', 'running') end
return {redis.call('HGET', KEYS[2], ARGV[1]), redis.call('HGET', KEYS[4], ARGV[1]), job[3], job[4], job[5]}
