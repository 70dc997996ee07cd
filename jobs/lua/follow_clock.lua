-- Redis's clock went back: deadlines go back with it, or what died before the jump would be missed for as long.
-- (After a jump forward they run out early: work is done twice, and the first result counts.)
-- KEYS  1 clock (string)  2 … zsets whose scores are deadlines
-- ARGV  1 how far it may go back unnoticed, ms  2 ttl, ms
-- Returns by how many ms it went back, 0 when it did not.
local now = now_ms()
local before = tonumber(redis.call('GET', KEYS[1]) or now)
redis.call('SET', KEYS[1], now, 'PX', ARGV[2])
if now >= before - ARGV[1] then return 0 end
for i = 2, #KEYS do
  local found = redis.call('ZRANGE', KEYS[i], 0, -1, 'WITHSCORES')
  for at = 1, #found, 2 do
    redis.call('ZADD', KEYS[i], found[at + 1] - (before - now), found[at])
  end
end
return before - now
