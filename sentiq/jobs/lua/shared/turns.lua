-- The order in which bulk jobs and their chunks take turns: each job has a window of chunks that are issued, and among
-- what is issued the priority of messages decides (sentiq/jobs/messages.py).

-- The places of waiting jobs, as their documents tell them: high before normal before low, then the oldest first.
-- Needs job_id, ttl_ms, job, queued.
local function queue_up()
  local fields = redis.call('HMGET', job, 'level', 'created_at')
  redis.call('ZADD', queued, fields[1] * 1e13 + fields[2], job_id)
  renew(ttl_ms, queued)
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
