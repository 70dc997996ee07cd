-- Stands before every script: Redis has no modules. The clock is always Redis's, so hosts need not agree.

local function now_ms()
  local time = redis.call('TIME')
  return time[1] * 1000 + math.floor(time[2] / 1000)
end

local function renew(ttl_ms, ...)
  for _, key in ipairs({...}) do redis.call('PEXPIRE', key, ttl_ms) end
end

-- What belongs to a job lives as long as the job: the first nine KEYS of each script that renews one are
-- 1 job  2 in  3 out  4 isolation  5 held  6 failures  7 retry  8 ended  9 pace. The job knows the other keys it is named
-- in.
local function renew_job(ttl_ms)
  renew(ttl_ms, unpack(KEYS, 1, 9))
  local named_in = redis.call('HMGET', KEYS[1], 'idempotency', 'jobs', 'owners_jobs')
  for i = 1, 3 do
    if named_in[i] then renew(ttl_ms, named_in[i]) end
  end
end

-- Jobs expire, and their places in an index do not. So whenever a job comes, three others are looked at: at most a third
-- of an index that grows is then of jobs that are gone. `job_key`: the key of a job, %s for its id.
local function forget_expired(index, job_key)
  for _, job_id in ipairs(redis.call('ZRANDMEMBER', index, 3)) do
    if redis.call('EXISTS', string.format(job_key, job_id)) == 0 then redis.call('ZREM', index, job_id) end
  end
end

-- A child that dies under its parent's eyes is one crash of the chunk it held. A lease that runs out says only that a
-- worker is gone, mostly through no fault of a text: it takes so many of them to count as one.
local CRASH = 4

local LIVE = {receiving = true, queued = true, running = true, scheduled = true, paused = true}

-- A held job starts no chunk: its owner paused it, or its start or its window is still to come.
local function is_held(job)
  local why = redis.call('HMGET', job, 'paused_at', 'opens_at')
  return (why[1] or why[2]) and true or false
end

-- The state of a job that is sealed and has not ended.
local function sealed_state(job)
  local f = redis.call('HMGET', job, 'paused_at', 'opens_at', 'started_at')
  return f[1] and 'paused' or f[2] and 'scheduled' or f[3] and 'running' or 'queued'
end

-- Running time is counted from `since` on, and kept in `ran_ms` while the job rests.
local function rest(job)
  local since = redis.call('HGET', job, 'since')
  if not since then return end
  redis.call('HINCRBY', job, 'ran_ms', now_ms() - since)
  redis.call('HDEL', job, 'since')
end

-- Waiting bulk jobs stand in a row: high before normal before low, then the oldest first.
local function queue_up(job_id, job, queued, ttl_ms)
  local f = redis.call('HMGET', job, 'level', 'created_at')
  redis.call('ZADD', queued, f[1] * 1e13 + f[2], job_id)
  renew(ttl_ms, queued)
end

-- → D, E, F, G. Whatever ends a job ends it here. `keys`: job, ended, queued, schedule, webhooks, live.
local function finish(job_id, state, keys, ttl_ms)
  rest(keys.job)
  redis.call('HDEL', keys.job, 'paused_at', 'opens_at')
  redis.call('HSET', keys.job, 'state', state, 'ended_at', now_ms())
  redis.call('ZREM', keys.queued, job_id)
  redis.call('ZREM', keys.schedule, job_id)
  redis.call('ZREM', keys.live, job_id)
  redis.call('RPUSH', keys.ended, 1)
  if (redis.call('HGET', keys.job, 'webhook') or '') ~= '' then
    redis.call('ZADD', keys.webhooks, now_ms(), job_id)
    renew(ttl_ms, keys.webhooks)
  end
  renew_job(ttl_ms)
end

-- Of a published chunk that nobody has begun it is known when it was first published, and how many messages were sent for
-- it since: in one number, ms * 1000 + messages. Returns how many, this one included.
local function count_message(published, member)
  redis.call('HSETNX', published, member, string.format('%.0f', now_ms() * 1000))
  return redis.call('HINCRBY', published, member, 1) % 1000
end

-- Issues chunks of a bulk job while its window has room: first those that came back, then the next ones. The window is
-- two more than the lane has children: each child finds its next chunk ready, the broker stays small, and jobs take
-- turns. `keys`: job, input, held, leases, published, children.
-- Returns the members for which the caller must send a message now.
local function issue(job_id, keys, issue_ms, ttl_ms)
  local job = redis.call('HMGET', keys.job, 'lane', 'issued', 'done', 'chunks', 'level', 'paused_at', 'opens_at')
  if job[1] ~= 'bulk' or job[6] or job[7] then return {} end
  local issued, done, chunks = tonumber(job[2]), tonumber(job[3]), tonumber(job[4])
  local back = redis.call('LLEN', keys.held)
  local live = issued - done - back
  local window = (tonumber(redis.call('GET', keys.children)) or 1) + 2
  local members = {}
  while live < window and (back > 0 or issued < chunks) do
    local number = issued
    if back > 0 then
      number, back = redis.call('LPOP', keys.held), back - 1
    else
      issued = issued + 1
    end
    local rows = redis.call('HGET', keys.input, number .. ':rows')
    local member = job_id .. ':' .. number .. ':' .. job[5] .. ':' .. rows
    redis.call('ZADD', keys.leases, now_ms() + issue_ms, member)
    count_message(keys.published, member)
    members[#members + 1] = member
    live = live + 1
  end
  if #members > 0 then
    redis.call('HSET', keys.job, 'issued', issued)
    renew(ttl_ms, keys.leases, keys.published)
  end
  return members
end
