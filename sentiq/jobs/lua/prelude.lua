-- What scripts share. Redis has no modules: the loader (sentiq/jobs/scripts.py) puts the parts that a script uses between the names
-- that it declares and the script. So a function here may use declared names; those it needs stand above it. Each part
-- defines one name, and blank lines are between parts alone.
-- The clock is always that of Redis, so hosts need not agree.

local function now_ms()
  local time = redis.call('TIME')
  return time[1] * 1000 + math.floor(time[2] / 1000)
end

local function renew(ttl_ms, ...)
  for _, key in ipairs({...}) do redis.call('PEXPIRE', key, ttl_ms) end
end

-- What belongs to a job lives as long as the job. The job hash says in which other keys the job stands.
-- Needs ttl_ms and the keys of the job.
local function renew_job()
  renew(ttl_ms, job, input, output, isolation, held, failures, retry, ended, pace)
  local others = redis.call('HMGET', job, 'idempotency', 'jobs', 'owners_jobs')
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

-- Bulk jobs wait in this order: high before normal before low, then the oldest first.
-- Needs job_id, ttl_ms, job, queued.
local function queue_up()
  local fields = redis.call('HMGET', job, 'level', 'created_at')
  redis.call('ZADD', queued, fields[1] * 1e13 + fields[2], job_id)
  renew(ttl_ms, queued)
end

-- → D, E, F, G. The one place where a job ends.
-- Needs job_id, ttl_ms, the keys of the job, queued, schedule, webhooks_due, live.
local function finish(final_state)
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
  renew_job()
end

-- Counts a message for a published chunk that no task has claimed. One number keeps when the chunk was first published
-- and how many messages were sent since: ms * 1000 + messages. Returns how many, this one included.
-- Needs published.
local function count_message(member)
  redis.call('HSETNX', published, member, string.format('%.0f', now_ms() * 1000))
  return redis.call('HINCRBY', published, member, 1) % 1000
end

-- Issues chunks of a bulk job while its window has room: first those that came back, then the next ones. The window is
-- two more than the lane has children: each child finds its next chunk ready, the broker stays small, and jobs take
-- turns. Returns the members for which the caller must send a message now.
-- Needs job_id, ttl_ms, issue_lease_ms, job, input, held, leases, published, children.
local function issue()
  local fields = redis.call('HMGET', job, 'lane', 'issued', 'done', 'chunks', 'level', 'paused_at', 'opens_at')
  if fields[1] ~= 'bulk' or fields[6] or fields[7] then return {} end
  local issued, done, chunks = tonumber(fields[2]), tonumber(fields[3]), tonumber(fields[4])
  local back = redis.call('LLEN', held)
  local in_flight = issued - done - back
  local window = (tonumber(redis.call('GET', children)) or 1) + 2
  local members = {}
  while in_flight < window and (back > 0 or issued < chunks) do
    local number = issued
    if back > 0 then
      number, back = redis.call('LPOP', held), back - 1
    else
      issued = issued + 1
    end
    local rows = redis.call('HGET', input, number .. ':rows')
    local member = job_id .. ':' .. number .. ':' .. fields[5] .. ':' .. rows
    redis.call('ZADD', leases, now_ms() + issue_lease_ms, member)
    count_message(member)
    members[#members + 1] = member
    in_flight = in_flight + 1
  end
  if #members > 0 then
    redis.call('HSET', job, 'issued', issued)
    renew(ttl_ms, leases, published)
  end
  return members
end
