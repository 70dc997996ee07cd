-- Keeps answers; a generation that is full or old becomes the previous one first.
-- KEYS  1 current  2 previous  3 stats
-- ARGV  1 entries of a generation  2 ms a generation takes entries  3 field, value, … (a msgpack list)
-- An entry dies with its generation: twice ARGV[2] after that began, or earlier, when the next but one begins.
local now = now_ms()
local began = tonumber(redis.call('HGET', KEYS[3], 'began') or 0)
if now - began >= tonumber(ARGV[2]) or redis.call('HLEN', KEYS[1]) >= tonumber(ARGV[1]) then
  redis.call('UNLINK', KEYS[2]) -- RENAME would free it while everybody waits
  if redis.call('EXISTS', KEYS[1]) == 1 then redis.call('RENAME', KEYS[1], KEYS[2]) end
  began = now
  redis.call('HSET', KEYS[3], 'began', began)
  renew(2 * ARGV[2], KEYS[3])
end
redis.call('HSET', KEYS[1], unpack(cmsgpack.unpack(ARGV[3])))
redis.call('PEXPIREAT', KEYS[1], began + 2 * ARGV[2])
