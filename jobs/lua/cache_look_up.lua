-- Looks answers up in both generations, and counts hits and misses.
-- KEYS  1 current  2 previous  3 stats
-- ARGV  1 fields, 16 bytes each  2 bytes of a value  3 ttl, ms
-- Returns the values of the current generation and those of the previous one, each as one string in the order of the
-- fields with 255s where there is none (an empty string where there are none at all): cheap to read for the caller.
local fields = {}
for at = 1, #ARGV[1], 16 do fields[#fields + 1] = string.sub(ARGV[1], at, at + 15) end
local blank = string.rep('\255', ARGV[2])
local answer, hit = {}, {}
for generation = 1, 2 do
  local values = redis.call('HMGET', KEYS[generation], unpack(fields))
  local any = false
  for i, value in ipairs(values) do
    if value and #value == #blank then
      any, hit[i] = true, true
    else
      values[i] = blank
    end
  end
  answer[generation] = any and table.concat(values) or ''
end
local hits = 0
for _ in pairs(hit) do hits = hits + 1 end
redis.call('HINCRBY', KEYS[3], 'hits', hits)
redis.call('HINCRBY', KEYS[3], 'misses', #fields - hits)
renew(ARGV[3], KEYS[3])
return answer
