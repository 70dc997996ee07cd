-- D → C. Chunks of a completed job whose rows failed are tried again; until then their results stay.
-- KEYS  1 … 9 the job's (prelude.lua)  10 leases  11 sentiq:bulk:published  12 children  13 sentiq:live
-- ARGV  1 job id  2 ttl, ms  3 issue lease, ms  4 … chunk number, RowCounts of its result (jobs/models.py), …
-- Returns {state found, members to send …}; nothing was done unless that is "completed".
local state = redis.call('HGET', KEYS[1], 'state')
if state ~= 'completed' then return {state} end
local chunks = (#ARGV - 3) / 2
for i = 4, #ARGV, 2 do
  redis.call('HSET', KEYS[7], ARGV[i], ARGV[i + 1])
  redis.call('RPUSH', KEYS[5], ARGV[i])
end
redis.call('HINCRBY', KEYS[1], 'done', -chunks)
-- Whatever its lane was: from here on it is a bulk job all of whose chunks were issued.
redis.call('HSET', KEYS[1], 'state', 'running', 'lane', 'bulk', 'since', now_ms(), 'issued', redis.call('HGET', KEYS[1], 'chunks'))
redis.call('HDEL', KEYS[1], 'ended_at')
redis.call('DEL', KEYS[8])
redis.call('ZADD', KEYS[13], now_ms(), ARGV[1])
renew_job(ARGV[2])
renew(ARGV[2], KEYS[13])
local keys =
  {job = KEYS[1], input = KEYS[2], held = KEYS[5], leases = KEYS[10], published = KEYS[11], children = KEYS[12]}
return {state, unpack(issue(ARGV[1], keys, ARGV[3], ARGV[2]))}
