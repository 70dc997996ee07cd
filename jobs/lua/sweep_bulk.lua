-- Bulk chunks whose lease ran out get a new message: the old one was lost, or its worker was. A message that merely
-- waits in a long queue must not breed others, so the time doubles with each one sent.
-- KEYS  1 leases  2 owners  3 crashes  4 published
-- ARGV  1 issue lease, ms  2 ttl, ms  3 chunks at most
-- Returns {how many of them a worker had lost, members for which a message must be sent …}.
local now = now_ms()
local members = redis.call('ZRANGEBYSCORE', KEYS[1], '-inf', now, 'LIMIT', 0, ARGV[3])
local lost = 0
for _, member in ipairs(members) do
  if redis.call('HDEL', KEYS[2], member) == 1 then
    redis.call('HINCRBY', KEYS[3], member, 1)
    lost = lost + 1
  end
  local messages = count_message(KEYS[4], member)
  redis.call('ZADD', KEYS[1], now + ARGV[1] * 2 ^ math.min(messages - 1, 10), member)
end
if #members > 0 then renew(ARGV[2], KEYS[1], KEYS[3], KEYS[4]) end
return {lost, unpack(members)}
