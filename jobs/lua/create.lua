-- → A. A new job begins to receive chunks.
-- KEYS  1 job (hash)  2 sentiq:jobs  3 sentiq:receiving  4 sentiq:bulk:queued  5 sentiq:schedule (zsets)
--       6 index of its owner, if it has one  7 sentiq:live (zsets)  8 idempotency (hash), absent without a key
-- ARGV  1 job id  2 ttl, ms  3 upload timeout, ms  4 lane  5 model  6 request id  7 options (JSON)  8 file (JSON, "" for none)
--       9 level  10 webhook, "" for none  11 held until, ms, "" for now  12 next change, ms, "" for none
--       13 owner  14 key of a job, %s for its id
-- Returns {"created"}, or {"exists", job id, payload digest} when the idempotency key is taken.
local now = now_ms()
if KEYS[8] then
  local first = redis.call('HMGET', KEYS[8], 'job', 'digest')
  if first[1] == ARGV[1] then return {'created'} end -- the answer was lost, and the client asks again
  if first[1] then return {'exists', first[1], first[2]} end
  redis.call('HSET', KEYS[8], 'job', ARGV[1], 'digest', '') -- the digest is known to be final when the job is sealed
  redis.call('HSET', KEYS[1], 'idempotency', KEYS[8])
  renew(ARGV[2], KEYS[8])
end
redis.call('HSET', KEYS[1], 'id', ARGV[1], 'state', 'receiving', 'lane', ARGV[4], 'model', ARGV[5],
  'request_id', ARGV[6], 'options', ARGV[7], 'file', ARGV[8], 'level', ARGV[9], 'webhook', ARGV[10],
  'owner', ARGV[13], 'jobs', KEYS[2], 'created_at', now,
  'total', 0, 'completed', 0, 'failed', 0, 'without_text', 0, 'unreadable', 0,
  'chunks', 0, 'issued', 0, 'done', 0, 'ran_ms', 0)
local indexes = {KEYS[2]}
if ARGV[13] ~= '' then
  indexes[2] = KEYS[6]
  redis.call('HSET', KEYS[1], 'owners_jobs', KEYS[6])
end
for _, index in ipairs(indexes) do
  forget_expired(index, ARGV[14])
  redis.call('ZADD', index, now, ARGV[1])
  renew(ARGV[2], index)
end
redis.call('ZADD', KEYS[3], now + ARGV[3], ARGV[1])
if ARGV[4] == 'bulk' then
  redis.call('ZADD', KEYS[7], now, ARGV[1])
  renew(ARGV[2], KEYS[7])
end
if ARGV[11] ~= '' then
  redis.call('HSET', KEYS[1], 'opens_at', ARGV[11])
elseif ARGV[4] == 'bulk' then
  queue_up(ARGV[1], KEYS[1], KEYS[4], ARGV[2])
end
if ARGV[12] ~= '' then
  redis.call('ZADD', KEYS[5], ARGV[12], ARGV[1])
  renew(ARGV[2], KEYS[5])
end
renew(ARGV[2], KEYS[1], KEYS[3])
return {'created'}
