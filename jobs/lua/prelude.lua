-- Stands before every script: Redis has no modules. The clock is always Redis's, so hosts need not agree.

local function now_ms()
  local time = redis.call('TIME')
  return time[1] * 1000 + math.floor(time[2] / 1000)
end

local function renew(ttl_ms, ...)
  for _, key in ipairs({...}) do redis.call('PEXPIRE', key, ttl_ms) end
end

-- An idempotency key lives as long as its job, which knows the key.
local function renew_idempotency(ttl_ms, job)
  local key = redis.call('HGET', job, 'idempotency')
  if key then renew(ttl_ms, key) end
end

-- Issues chunks of a bulk job while its window has room. The window is two more than the lane has children:
-- each child finds its next chunk ready, the broker stays small, and jobs take turns.
-- Returns the members for which the caller must send a message now.
local function issue(job_id, keys, issue_ms, ttl_ms)
  local job = redis.call('HMGET', keys.job, 'lane', 'issued', 'done', 'chunks')
  if job[1] ~= 'bulk' then return {} end
  local issued, done, chunks = tonumber(job[2]), tonumber(job[3]), tonumber(job[4])
  local window = (tonumber(redis.call('GET', keys.children)) or 1) + 2
  local members = {}
  while issued < chunks and issued - done < window do
    local member = job_id .. ':' .. issued .. ':' .. redis.call('HGET', keys.input, issued .. ':rows')
    redis.call('ZADD', keys.leases, now_ms() + issue_ms, member)
    redis.call('HINCRBY', keys.issues, member, 1)
    members[#members + 1] = member
    issued = issued + 1
  end
  if #members > 0 then
    redis.call('HSET', keys.job, 'issued', issued)
    renew(ttl_ms, keys.leases, keys.issues)
  end
  return members
end
