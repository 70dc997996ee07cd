-- A → A. A sign of life of an upload that has not filled its next chunk yet.
--! keys job receiving
--! args job_id upload_timeout_ms
-- Returns 1, or 0 when the job no longer receives.
if redis.call('HGET', job, 'state') ~= 'receiving' then return 0 end
redis.call('ZADD', receiving, now_ms() + upload_timeout_ms, job_id)
return 1
