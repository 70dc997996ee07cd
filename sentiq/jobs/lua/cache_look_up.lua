-- Looks answers up in both generations, and counts hits and misses.
--! keys current previous stats
--! args packed_fields ttl_ms
-- `packed_fields`: a msgpack list, since one argument is cheaper for both sides than hundreds.
-- Returns a msgpack list for each generation: the value of each field, or false.
local fields = cmsgpack.unpack(packed_fields)
local young = redis.call('HMGET', current, unpack(fields))
local old = redis.call('HMGET', previous, unpack(fields))
local hits = 0
for i = 1, #fields do
  if young[i] or old[i] then hits = hits + 1 end
end
redis.call('HINCRBY', stats, 'hits', hits)
redis.call('HINCRBY', stats, 'misses', #fields - hits)
renew(ttl_ms, stats)
return {cmsgpack.pack(young), cmsgpack.pack(old)}
