-- Bulk chunks whose lease ran out get a new message: the old one was lost, or its worker was. A message that merely
-- waits in a long queue must not breed others, so the time doubles with each one sent.
--! keys leases owners crashes published
--! args issue_lease_ms ttl_ms max_chunks
-- Returns {how many of them a worker had lost, members for which a message must be sent …}.
local now = now_ms()
local members = redis.call('ZRANGEBYSCORE', leases, '-inf', now, 'LIMIT', 0, max_chunks)
local lost = 0
for _, member in ipairs(members) do
  if redis.call('HDEL', owners, member) == 1 then
    redis.call('HINCRBY', crashes, member, 1)
    lost = lost + 1
  end
  local messages = count_message(member)
  redis.call('ZADD', leases, now + issue_lease_ms * 2 ^ math.min(messages - 1, 10), member)
end
if #members > 0 then renew(ttl_ms, leases, crashes, published) end
return {lost, unpack(members)}
