-- The life of a job: what it is held by, what lives as long as it, how it ends.

-- What belongs to a job lives as long as the job. The job hash says in which other keys the job stands.
-- Needs ttl_ms and the keys of the job.
local function renew_job()
  local others = redis.call('HMGET', job, 'idempotency', 'jobs', 'owners_jobs', 'own_ttl_ms')
  renew(others[4] or ttl_ms, job, input, output, isolation, held, failures, retry, ended, pace)
  for i = 1, 3 do
    if others[i] then renew(ttl_ms, others[i]) end
  end
end

-- Jobs expire, and their places in an index do not. So with each new job, three others are looked at: at most a third of
-- a growing index then belongs to jobs that are gone.
-- Needs job_key_pattern: the key of a job, %s for its id.
local function forget_expired(index)
  for _, other_id in ipairs(redis.call('ZRANDMEMBER', index, 3)) do
    if redis.call('EXISTS', string.format(job_key_pattern, other_id)) == 0 then redis.call('ZREM', index, other_id) end
  end
end

-- Puts a new job in the indexes of all jobs and of those of its owner.
-- Needs job_id, ttl_ms, job, jobs, owners_jobs, owner, job_key_pattern.
local function list_job(now)
  local indexes = {jobs}
  if owner ~= '' then
    indexes[2] = owners_jobs
    redis.call('HSET', job, 'owners_jobs', owners_jobs)
  end
  redis.call('HSET', job, 'jobs', jobs)
  for _, index in ipairs(indexes) do
    forget_expired(index)
    redis.call('ZADD', index, now, job_id)
    renew(ttl_ms, index)
  end
end

-- A child that dies while its parent lives is one crash of the chunk it held. A lease that runs out says only that a
-- worker is gone, mostly through no fault of a text: this many of them count as one crash.
local CRASH = 4

local LIVE = {receiving = true, queued = true, running = true, scheduled = true, paused = true}

-- A held job starts no chunk: its owner paused it, or its start or its window is still to come.
local function is_held(job)
  local why = redis.call('HMGET', job, 'paused_at', 'opens_at')
  return (why[1] or why[2]) and true or false
end

-- The state of a job that is sealed and has not ended.
-- Needs job.
local function sealed_state()
  local fields = redis.call('HMGET', job, 'paused_at', 'opens_at', 'started_at')
  return fields[1] and 'paused' or fields[2] and 'scheduled' or fields[3] and 'running' or 'queued'
end

-- Running time is counted from `since` on; while the clock is stopped, the sum is in `ran_ms`.
-- Needs job.
local function stop_run_clock()
  local since = redis.call('HGET', job, 'since')
  if not since then return end
  redis.call('HINCRBY', job, 'ran_ms', now_ms() - since)
  redis.call('HDEL', job, 'since')
end

-- Tells the API process that waits for a small job how it ended: its fields, of one that no index lists its state alone,
-- and its one result. Who is told too late, or not at all, finds all in the store; so it is no error where the user of
-- Redis may not publish.
-- Needs job_id, job, output.
local function tell_of_the_end()
  local answers_to, own_ttl_ms, state = unpack(redis.call('HMGET', job, 'answers_to', 'own_ttl_ms', 'state'))
  if not answers_to then return end
  local fields = own_ttl_ms and {'state', state} or redis.call('HGETALL', job)
  redis.pcall('PUBLISH', answers_to, cmsgpack.pack({job_id, fields, redis.call('HGET', output, 0)}))
end

-- → D, E, F, G. The one place where a job ends. Of one that no index lists, the texts go at once, and the rest when the
-- request that made it must have read it.
-- Needs job_id, ttl_ms, the keys of the job, queued, schedule, webhooks_due, live.
local function finish(final_state)
  local ANSWER_KEPT_MS = 5000
  stop_run_clock()
  redis.call('HDEL', job, 'paused_at', 'opens_at')
  redis.call('HSET', job, 'state', final_state, 'ended_at', now_ms())
  redis.call('ZREM', queued, job_id)
  redis.call('ZREM', schedule, job_id)
  redis.call('ZREM', live, job_id)
  redis.call('RPUSH', ended, 1)
  if (redis.call('HGET', job, 'webhook') or '') ~= '' then
    redis.call('ZADD', webhooks_due, now_ms(), job_id)
    renew(ttl_ms, webhooks_due)
  end
  tell_of_the_end()
  if redis.call('HEXISTS', job, 'own_ttl_ms') == 1 then
    redis.call('UNLINK', input)
    redis.call('HSET', job, 'own_ttl_ms', ANSWER_KEPT_MS)
  end
  renew_job()
end
