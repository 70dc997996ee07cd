-- Looks answers up in both generations, and counts hits and misses.
-- KEYS  1 current  2 previous  3 stats
-- ARGV  1 fields (a msgpack list: one argument is cheaper for both sides than hundreds)  2 ttl, ms
-- Returns a msgpack list for each generation: the value of each field, or false.
local fields = cmsgpack.unpack(ARGV[1])
local current = redis.call('HMGET', KEYS[1], unpack(fields))
local previous = redis.call('HMGET', KEYS[2], unpack(fields))
local hits = 0
for i = 1, #fields do
  if current[i] or previous[i] then hits = hits + 1 end
end
redis.call('HINCRBY', KEYS[3], 'hits', hits)
redis.call('HINCRBY', KEYS[3], 'misses', #fields - hits)
renew(ARGV[2], KEYS[3])
return {cmsgpack.pack(current), cmsgpack.pack(previous)}
