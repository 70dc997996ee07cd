-- Stores answers; a generation that is full or old becomes the previous one first.
--! keys current previous stats
--! args max_entries generation_ms packed_entries
-- `max_entries`: of one generation. `generation_ms`: how long one takes entries. `packed_entries`: field, value, … (a
-- msgpack list).
-- An entry dies with its generation: 2 * generation_ms after that began, or earlier, when the next but one begins.
local now = now_ms()
local began = tonumber(redis.call('HGET', stats, 'began') or 0)
if now - began >= tonumber(generation_ms) or redis.call('HLEN', current) >= tonumber(max_entries) then
  redis.call('UNLINK', previous) -- RENAME would free it while everybody waits
  if redis.call('EXISTS', current) == 1 then redis.call('RENAME', current, previous) end
  began = now
  redis.call('HSET', stats, 'began', began)
  renew(2 * generation_ms, stats)
end
redis.call('HSET', current, unpack(cmsgpack.unpack(packed_entries)))
redis.call('PEXPIREAT', current, began + 2 * generation_ms)
