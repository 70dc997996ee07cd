-- Redis's clock went back: deadlines go back with it, or what died before the jump would be missed for as long.
-- (After a jump forward they run out early: work is done twice, and the first result counts.)
-- KEYS  1 clock (string)  2 … zsets whose scores are deadlines
-- ARGV  1 how far it may go back unnoticed, ms  2 ttl, ms  3 for so long one look is enough for all sweepers, ms
-- Returns by how many ms it went back, 0 when it did not; -1 when another sweeper has just looked.
local now = now_ms()
local last = redis.call('GET', KEYS[1])
local before = tonumber(last or now)
if last and now >= before and now - before < tonumber(ARGV[3]) then return -1 end
redis.call('SET', KEYS[1], now, 'PX', ARGV[2])
if now >= before - ARGV[1] then return 0 end
for i = 2, #KEYS do
  local found = redis.call('ZRANGE', KEYS[i], 0, -1, 'WITHSCORES')
  for at = 1, #found, 2 do
    redis.call('ZADD', KEYS[i], found[at + 1] - (before - now), found[at])
  end
end
return before - now
