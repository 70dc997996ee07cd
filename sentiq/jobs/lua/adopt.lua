-- Puts restored keys in the place of those that are there, in one step: no reader sees a mixture of two times.
-- It looks for keys itself: it is for one Redis, not for a Cluster.
--! args prefix staging preserved...
-- `prefix`: of all keys of the service. `staging`: of the restored keys. `preserved`: keys that stay as they are.
local is_preserved = {}
for _, key in ipairs(preserved) do is_preserved[key] = true end

local function each_key(pattern, use)
  local cursor = '0'
  repeat
    local answer = redis.call('SCAN', cursor, 'MATCH', pattern, 'COUNT', 1000)
    cursor = answer[1]
    for _, key in ipairs(answer[2]) do use(key) end
  until cursor == '0'
end

local old, restored = {}, {}
each_key(prefix .. '*', function(key)
  if string.sub(key, 1, #staging) == staging then
    restored[key] = true
  elseif not is_preserved[key] then
    old[key] = true
  end
end)
for key in pairs(old) do redis.call('UNLINK', key) end
for key in pairs(restored) do redis.call('RENAME', key, string.sub(key, #staging + 1)) end
