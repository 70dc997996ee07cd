-- How many interactive children would find work now: those that hold a batch, and one for each batch that waits.
-- KEYS  1 pending  2 owners
-- ARGV  1 rows of a batch  2 pending chunks to look at
local tasks, demand = {}, 0
for _, task_id in ipairs(redis.call('HVALS', KEYS[2])) do
  if not tasks[task_id] then
    tasks[task_id] = true
    demand = demand + 1
  end
end
local seen = redis.call('LRANGE', KEYS[1], 0, ARGV[2] - 1)
local rows = 0
for _, member in ipairs(seen) do rows = rows + string.match(member, '(%d+)$') end
if #seen > 0 then rows = rows * redis.call('LLEN', KEYS[1]) / #seen end -- the others are taken to be like them
return demand + math.ceil(rows / ARGV[1])
