-- Redis's clock went back: deadlines go back with it, or what died before the jump would be missed for as long.
-- (After a jump forward they run out early: work is done twice, and the first result counts.)
--! keys clock deadlines...
--! args unnoticed_ms ttl_ms turn_ms
-- `deadlines`: zsets whose scores are deadlines. `unnoticed_ms`: how far the clock may go back unnoticed. `turn_ms`: for so
-- long one look is enough for all sweepers.
-- Returns by how many ms it went back, 0 when it did not; -1 when another sweeper has just looked.
local now = now_ms()
local last = redis.call('GET', clock)
local before = tonumber(last or now)
if last and now >= before and now - before < tonumber(turn_ms) then return -1 end
redis.call('SET', clock, now, 'PX', ttl_ms)
if now >= before - unnoticed_ms then return 0 end
for _, key in ipairs(deadlines) do
  local found = redis.call('ZRANGE', key, 0, -1, 'WITHSCORES')
  for at = 1, #found, 2 do
    redis.call('ZADD', key, found[at + 1] - (before - now), found[at])
  end
end
return before - now
