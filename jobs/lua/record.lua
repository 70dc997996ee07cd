-- C → C or D. A chunk has its result. The first write wins, and moves the counters in the same step; the result of a chunk
-- that is tried again takes the place of the one before, once. A held job takes what was in flight.
-- KEYS  1 … 9 the job's (prelude.lua)  10 leases  11 owners  12 crashes
--       13 children  14 published  15 sentiq:bulk:queued  16 sentiq:schedule  17 sentiq:webhooks:due  18 the lane's speed
--       19 sentiq:live
-- ARGV  1 job id  2 member  3 chunk number  4 blob  5 rows completed  6 rows failed  7 model that answered  8 ttl, ms
--       9 issue lease, ms  10 time it took, ms, 0 when it is not to count  11 time from which on the past is halved, ms
--       12 of the failed rows: without a text  13 of the failed rows: all whose reason is in the input
-- Returns {1 if recorded, 0 if the chunk had its result or the job has ended; members to send …}.
local FIRST_STEP_MS, STEPS = 1000, 120

-- Rows by the time at which they were recorded; steps are numbered from 1970 on. Where there would be more than STEPS, the
-- step doubles and neighbours are added up, so that the hash stays small. While a clock that went back is before the first
-- step, rows count in that one.
local function count_rows(pace, rows)
  local now, kept = now_ms(), redis.call('HMGET', pace, 'step', 'first')
  local step = tonumber(kept[1] or FIRST_STEP_MS)
  local first = tonumber(kept[2] or math.floor(now / step))
  local factor = 1
  while math.floor(now / step / factor) - math.floor(first / factor) >= STEPS do factor = factor * 2 end
  if factor > 1 or not kept[1] then
    local fields, sums = redis.call('HGETALL', pace), {}
    for i = 1, #fields, 2 do
      local number = tonumber(fields[i])
      if number then
        number = math.floor(number / factor)
        sums[number] = (sums[number] or 0) + fields[i + 1]
      end
    end
    step, first = step * factor, math.floor(first / factor)
    redis.call('DEL', pace)
    redis.call('HSET', pace, 'step', step, 'first', first)
    for number, sum in pairs(sums) do redis.call('HSET', pace, number, sum) end
  end
  redis.call('HINCRBY', pace, math.max(math.floor(now / step), first), rows)
end

redis.call('ZREM', KEYS[10], ARGV[2])
redis.call('HDEL', KEYS[11], ARGV[2])
redis.call('HDEL', KEYS[12], ARGV[2])
redis.call('HDEL', KEYS[14], ARGV[2])
local state, lane = unpack(redis.call('HMGET', KEYS[1], 'state', 'lane'))
if not state or not LIVE[state] then return {0} end
local before = redis.call('HGET', KEYS[7], ARGV[3])
local completed, failed, without_text, unreadable = 0, 0, 0, 0
if before then
  completed, failed, without_text, unreadable = string.match(before, '(%d+):(%d+):?(%d*):?(%d*)')
  if unreadable == '' then -- an older version asked for another try: it neither knows these rows nor changes them
    without_text, unreadable = ARGV[12], ARGV[13]
  end
  redis.call('HSET', KEYS[3], ARGV[3], ARGV[4])
  redis.call('HDEL', KEYS[7], ARGV[3])
elseif redis.call('HSETNX', KEYS[3], ARGV[3], ARGV[4]) == 0 then
  return {0}
end
redis.call('HDEL', KEYS[4], ARGV[3])
redis.call('HINCRBY', KEYS[1], 'completed', ARGV[5] - completed)
redis.call('HINCRBY', KEYS[1], 'failed', ARGV[6] - failed)
redis.call('HINCRBY', KEYS[1], 'without_text', ARGV[12] - without_text)
redis.call('HINCRBY', KEYS[1], 'unreadable', ARGV[13] - unreadable)
redis.call('HSET', KEYS[1], 'answered_by', ARGV[7])
if ARGV[6] ~= '0' then
  redis.call('HSET', KEYS[6], ARGV[3], ARGV[6])
elseif before then
  redis.call('HDEL', KEYS[6], ARGV[3])
end
if ARGV[10] ~= '0' then
  redis.call('HINCRBY', KEYS[18], 'rows', ARGV[5] + ARGV[6])
  if redis.call('HINCRBY', KEYS[18], 'ms', ARGV[10]) > tonumber(ARGV[11]) then -- what was long ago counts less and less
    local sums = redis.call('HMGET', KEYS[18], 'rows', 'ms')
    redis.call('HSET', KEYS[18], 'rows', math.floor(sums[1] / 2), 'ms', math.floor(sums[2] / 2))
  end
  renew(ARGV[8], KEYS[18])
end
if lane == 'bulk' then count_rows(KEYS[9], before and failed - unreadable or ARGV[5] + ARGV[6]) end
local done = redis.call('HINCRBY', KEYS[1], 'done', 1)
renew_job(ARGV[8])
if state ~= 'receiving' and done == tonumber(redis.call('HGET', KEYS[1], 'chunks')) then
  finish(ARGV[1], 'completed',
    {job = KEYS[1], ended = KEYS[8], queued = KEYS[15], schedule = KEYS[16], webhooks = KEYS[17], live = KEYS[19]}, ARGV[8])
  return {1}
end
local keys = {job = KEYS[1], input = KEYS[2], held = KEYS[5], leases = KEYS[10], published = KEYS[14], children = KEYS[13]}
return {1, unpack(issue(ARGV[1], keys, ARGV[9], ARGV[8]))}
