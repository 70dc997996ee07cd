-- How many interactive children would find work now: those that hold a batch, and one for each batch that waits.
--! keys pending owners
--! args batch_rows max_chunks
-- `max_chunks`: pending chunks to look at.
local tasks, demand = {}, 0
for _, task_id in ipairs(redis.call('HVALS', owners)) do
  if not tasks[task_id] then
    tasks[task_id] = true
    demand = demand + 1
  end
end
local seen = redis.call('LRANGE', pending, 0, max_chunks - 1)
local rows = 0
for _, member in ipairs(seen) do rows = rows + string.match(member, '(%d+)$') end
if #seen > 0 then rows = rows * redis.call('LLEN', pending) / #seen end -- the others are taken to be like them
return demand + math.ceil(rows / batch_rows)
