-- C → C or D. A chunk has its result. The first write wins, and moves the counters in the same step; the result of a chunk
-- that is tried again takes the place of the one before, once. A held job takes what was in flight.
--! keys job input output isolation held failures retry ended pace
--! keys leases owners crashes children published queued schedule webhooks_due speed live
--! args job_id member chunk_no blob completed failed without_text unreadable model ttl_ms issue_lease_ms
--! args took_ms halve_after_ms
-- `completed`, `failed`: rows; of those that failed, `without_text`: rows that have none, `unreadable`: all whose reason is
-- in the input. `took_ms`: 0 when it is not to count. `halve_after_ms`: time from which on the past counts half.
-- Returns {1 if recorded, 0 if the chunk had its result or the job has ended; members to send …}.
local FIRST_STEP_MS, STEPS = 1000, 120

-- Rows by the time at which they were recorded; steps are numbered from 1970 on. Where there would be more than STEPS, the
-- step doubles and neighbours are added up, so that the hash stays small. While a clock that went back is before the first
-- step, rows count in that one.
local function count_rows(rows)
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

redis.call('ZREM', leases, member)
redis.call('HDEL', owners, member)
redis.call('HDEL', crashes, member)
redis.call('HDEL', published, member)
local state, lane = unpack(redis.call('HMGET', job, 'state', 'lane'))
if not state or not LIVE[state] then return {0} end
local before = redis.call('HGET', retry, chunk_no) -- counts of the result that this one replaces
local old_completed, old_failed, old_without_text, old_unreadable = 0, 0, 0, 0
if before then
  old_completed, old_failed, old_without_text, old_unreadable = string.match(before, '(%d+):(%d+):?(%d*):?(%d*)')
  if old_unreadable == '' then -- an older version asked for another try: it neither knows these rows nor changes them
    old_without_text, old_unreadable = without_text, unreadable
  end
  redis.call('HSET', output, chunk_no, blob)
  redis.call('HDEL', retry, chunk_no)
elseif redis.call('HSETNX', output, chunk_no, blob) == 0 then
  return {0}
end
redis.call('HDEL', isolation, chunk_no)
redis.call('HINCRBY', job, 'completed', completed - old_completed)
redis.call('HINCRBY', job, 'failed', failed - old_failed)
redis.call('HINCRBY', job, 'without_text', without_text - old_without_text)
redis.call('HINCRBY', job, 'unreadable', unreadable - old_unreadable)
redis.call('HSET', job, 'answered_by', model)
if failed ~= '0' then
  redis.call('HSET', failures, chunk_no, failed)
elseif before then
  redis.call('HDEL', failures, chunk_no)
end
if took_ms ~= '0' then
  redis.call('HINCRBY', speed, 'rows', completed + failed)
  if redis.call('HINCRBY', speed, 'ms', took_ms) > tonumber(halve_after_ms) then -- what was long ago counts less and less
    local sums = redis.call('HMGET', speed, 'rows', 'ms')
    redis.call('HSET', speed, 'rows', math.floor(sums[1] / 2), 'ms', math.floor(sums[2] / 2))
  end
  renew(ttl_ms, speed)
end
if lane == 'bulk' then count_rows(before and old_failed - old_unreadable or completed + failed) end
local done = redis.call('HINCRBY', job, 'done', 1)
renew_job()
if state ~= 'receiving' and done == tonumber(redis.call('HGET', job, 'chunks')) then
  finish('completed')
  return {1}
end
return {1, unpack(issue())}
