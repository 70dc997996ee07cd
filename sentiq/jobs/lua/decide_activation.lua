-- The candidate becomes the active model, or is dropped for a reason; a decision on another candidate comes too late.
--! keys activation votes
--! args candidate reason_against
-- `reason_against`: "" for none.
if redis.call('HGET', activation, 'candidate') ~= candidate then return 0 end
redis.call('HDEL', activation, 'candidate')
redis.call('DEL', votes)
if reason_against == '' then
  redis.call('HSET', activation, 'active', candidate, 'error', '')
else
  redis.call('HSET', activation, 'error', reason_against)
end
return 1
