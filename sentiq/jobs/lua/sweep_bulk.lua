-- Bulk chunks whose deadline has passed get a new message: the old one was lost, or the worker was that held the chunk.
-- A message that merely waits in a long queue must not breed others, so each one doubles the time until the next. While
-- no message waits, the last one was lost or has just been fetched: then one issue lease is enough, however many there
-- were.
--! keys leases owners crashes published queues...
--! args issue_lease_ms ttl_ms max_chunks
-- `queues`: the lists of messages that no worker has fetched. `max_chunks`: to look at, the earliest deadline first.
-- Returns {how many of them a worker had lost, members for which a message must be sent …}.
local now = now_ms()

local function lease_of(messages)
  return issue_lease_ms * 2 ^ math.min(messages - 1, 10)
end

local function has_waiting_messages()
  for _, queue in ipairs(queues) do
    if redis.call('LLEN', queue) > 0 then return true end
  end
  return false
end

-- Only a chunk that no task has claimed is published: the deadline of any other is the lease of its worker.
local function is_due(member, deadline)
  if deadline <= now then return true end
  local counted = redis.call('HGET', published, member)
  return counted and deadline - lease_of(counted % 1000) + issue_lease_ms <= now
end

local latest = has_waiting_messages() and now or '+inf'
local found = redis.call('ZRANGEBYSCORE', leases, '-inf', latest, 'WITHSCORES', 'LIMIT', 0, max_chunks)
local members, lost = {}, 0
for i = 1, #found, 2 do
  local member = found[i]
  if is_due(member, tonumber(found[i + 1])) then
    members[#members + 1] = member
    if redis.call('HDEL', owners, member) == 1 then
      redis.call('HINCRBY', crashes, member, 1)
      lost = lost + 1
    end
    redis.call('ZADD', leases, now + lease_of(count_message(member)), member)
  end
end
if #members > 0 then renew(ttl_ms, leases, crashes, published) end
return {lost, unpack(members)}
