-- The parent of running tasks renews the leases of what they hold.
--! keys leases owners
--! args lease_ms ttl_ms task_ids...
local deadline = now_ms() + lease_ms
local running = {}
for _, task_id in ipairs(task_ids) do running[task_id] = true end
local owned = redis.call('HGETALL', owners)
for i = 1, #owned, 2 do
  if running[owned[i + 1]] then redis.call('ZADD', leases, 'XX', deadline, owned[i]) end
end
renew(ttl_ms, leases, owners)
