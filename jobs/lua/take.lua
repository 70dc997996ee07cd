-- A `drain` takes pending interactive chunks, oldest first, until it has enough rows for a batch. A chunk that was
-- in a crash is taken alone: if it is the culprit, the next crash has no innocent neighbours.
-- KEYS  1 pending  2 leases  3 owners  4 crashes  5 wakeups
-- ARGV  1 task id  2 rows wanted  3 lease, ms  4 ttl, ms
-- Returns {member, crashes before, …}; empty when nothing waits, and then the wake-up has ended:
-- both in one step, so that a submit in between sends another.
local now = now_ms()
local taken, rows = {}, 0
local owners = redis.call('HGETALL', KEYS[3])
for i = 1, #owners, 2 do
  if owners[i + 1] == ARGV[1] then -- given to this task in an answer that was lost
    redis.call('ZADD', KEYS[2], now + ARGV[3], owners[i])
    rows = rows + string.match(owners[i], '(%d+)$')
    taken[#taken + 1] = owners[i]
    taken[#taken + 1] = math.floor((redis.call('HGET', KEYS[4], owners[i]) or 0) / CRASH)
  end
end
if rows > 0 then return taken end
while rows < tonumber(ARGV[2]) do
  local member = redis.call('LINDEX', KEYS[1], 0)
  if not member then break end
  local crashes = math.floor((redis.call('HGET', KEYS[4], member) or 0) / CRASH)
  if crashes > 0 and rows > 0 then break end
  redis.call('LPOP', KEYS[1])
  redis.call('ZADD', KEYS[2], now + ARGV[3], member)
  redis.call('HSET', KEYS[3], member, ARGV[1])
  rows = rows + string.match(member, '(%d+)$')
  taken[#taken + 1] = member
  taken[#taken + 1] = crashes
  if crashes > 0 then break end
end
if rows == 0 then
  redis.call('ZREM', KEYS[5], ARGV[1])
else
  renew(ARGV[4], KEYS[2], KEYS[3])
end
return taken
