-- What was restored takes the place of what is there, in one step: nobody sees a mixture of two times.
-- It looks for keys itself: it is for one Redis, not for a Cluster.
-- ARGV  1 prefix of the service's keys  2 prefix under which the restored keys stand  3… keys that stay as they are
local prefix, staging = ARGV[1], ARGV[2]
local stays = {}
for i = 3, #ARGV do stays[ARGV[i]] = true end

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
  elseif not stays[key] then
    old[key] = true
  end
end)
for key in pairs(old) do redis.call('UNLINK', key) end
for key in pairs(restored) do redis.call('RENAME', key, string.sub(key, #staging + 1)) end
