-- The parent of running tasks renews the leases of what they hold.
-- KEYS  1 leases  2 owners
-- ARGV  1 lease, ms  2 ttl, ms  3 … task ids
local deadline = now_ms() + ARGV[1]
local running = {}
for i = 3, #ARGV do running[ARGV[i]] = true end
local owners = redis.call('HGETALL', KEYS[2])
for i = 1, #owners, 2 do
  if running[owners[i + 1]] then redis.call('ZADD', KEYS[1], 'XX', deadline, owners[i]) end
end
renew(ARGV[2], KEYS[1], KEYS[2])
