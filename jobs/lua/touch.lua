-- A → A. A sign of life of an upload that has not filled its next chunk yet.
-- KEYS  1 job  2 sentiq:receiving
-- ARGV  1 job id  2 upload timeout, ms
-- Returns 1, or 0 when the job no longer receives.
if redis.call('HGET', KEYS[1], 'state') ~= 'receiving' then return 0 end
redis.call('ZADD', KEYS[2], now_ms() + ARGV[2], ARGV[1])
return 1
