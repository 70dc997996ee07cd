-- → A. A new job begins to receive chunks.
-- KEYS  1 job (hash)  2 sentiq:jobs (zset)  3 sentiq:receiving (zset)  4 idempotency (hash), absent without a key
-- ARGV  1 job id  2 ttl, ms  3 upload timeout, ms  4 lane  5 model  6 request id  7 long texts  8 neutral band, "" for none
-- Returns {"created"}, or {"exists", job id, payload digest} when the idempotency key is taken.
local now = now_ms()
if KEYS[4] then
  local first = redis.call('HMGET', KEYS[4], 'job', 'digest')
  if first[1] then return {'exists', first[1], first[2]} end
  redis.call('HSET', KEYS[4], 'job', ARGV[1], 'digest', '') -- the digest is known to be final when the job is sealed
  redis.call('HSET', KEYS[1], 'idempotency', KEYS[4])
  renew(ARGV[2], KEYS[4])
end
redis.call('HSET', KEYS[1], 'id', ARGV[1], 'state', 'receiving', 'lane', ARGV[4], 'model', ARGV[5],
  'request_id', ARGV[6], 'long_texts', ARGV[7], 'neutral_band', ARGV[8], 'created_at', now,
  'total', 0, 'completed', 0, 'failed', 0, 'chunks', 0, 'issued', 0, 'done', 0)
redis.call('ZADD', KEYS[2], now, ARGV[1])
redis.call('ZADD', KEYS[3], now + ARGV[3], ARGV[1])
renew(ARGV[2], KEYS[1], KEYS[2], KEYS[3])
return {'created'}
